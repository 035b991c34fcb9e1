// What a fetch from a folder brings, and what it refuses to read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "runner/adapters/git/git_folder_fetch.h"
#include "tests/support/git_fixture.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FolderFetch : public GitTest {
 protected:
  void SetUp() override {
    servers.make_repository("hello");
    main = servers.commit("hello", "main", {{"a", "1"}});
    there = remote(servers.file());
  }
  // A commit with one file of so many zeros on top of main; moves `branch` there.
  CommitId commit_zeros(const std::string& branch, const std::string& path, std::size_t size) {
    const auto file = servers.folder().write("zeros", "");
    fs::resize_file(file, size);
    const auto blob = servers.git("hello", {"hash-object", "-w", file});
    const auto inner = servers.git("hello", {"mktree"}, "100644 blob " + blob + "\t" + path + "\n");
    const auto root = servers.git("hello", {"mktree"}, "040000 tree " + inner + "\tdata\n");
    const auto made = servers.git(
        "hello", {"-c", "user.name=Ana", "-c", "user.email=a@x", "commit-tree", "-p", main, "-m", "zeros", root});
    servers.git("hello", {"update-ref", "refs/heads/" + branch, made});
    return made;
  }
  bool mirrored(const CommitId& id) { return run_task(loop, git.commit("hello", id, stop)).ok(); }
  std::size_t packs() const {
    std::size_t count = 0;
    for (const auto& file : fs::directory_iterator(servers.folder().path("mirrors/hello.git/objects/pack")))
      count += file.path().extension() == ".pack" ? 1 : 0;
    return count;
  }

  CommitId main;
  GitRemote there;
};

TEST_F(FolderFetch, BringsNothingOfOtherRefs) {
  const auto other = servers.commit("hello", "other", {{"b", "1"}});
  servers.git("hello", {"tag", "one", other});
  ASSERT_TRUE(fetch(there, {"main", "gone"}).ok());
  EXPECT_TRUE(mirrored(main));
  EXPECT_FALSE(mirrored(other));
}

TEST_F(FolderFetch, BringsWhatIsNewOnce) {
  ASSERT_TRUE(fetch(there, {"main"}).ok());
  ASSERT_TRUE(fetch(there, {"main"}).ok());
  EXPECT_EQ(packs(), 1U);
  const auto second = servers.commit("hello", "main", {{"a", "1"}, {"d/b", "2"}}, {"main"});
  ASSERT_TRUE(fetch(there, {"main"}).ok());
  EXPECT_TRUE(mirrored(second));
  EXPECT_EQ(packs(), 2U);
  ASSERT_TRUE(checkout(second, servers.folder().path("out")).ok());
  EXPECT_EQ(text_of(servers.folder().path("out/d/b")), "2");
}

TEST_F(FolderFetch, FollowsATagThatABranchIsAt) {
  servers.git("hello", {"-c", "user.name=Ana", "-c", "user.email=a@x", "tag", "-a", "-m", "x", "one", main});
  fs::copy_file(servers.folder().path("srv/hello.git/refs/tags/one"),
                servers.folder().path("srv/hello.git/refs/heads/tagged"));
  ASSERT_TRUE(fetch(there, {"tagged"}).ok());
  EXPECT_TRUE(mirrored(main));
}

TEST_F(FolderFetch, NamesTheFileThatIsTooLarge) {
  const auto big = commit_zeros("big", "zeros.bin", largest_object + 1);
  // One that was removed again would be sent, too.
  servers.commit("hello", "big", {{"a", "2"}}, {"big"});
  auto fetched = fetch(there, {"main", "big"});
  ASSERT_FALSE(fetched.ok());
  EXPECT_EQ(fetched.error().message, "data/zeros.bin has 134217729 bytes; a file may have 128 MiB");
  EXPECT_EQ(fetched.error().kind, ErrorKind::step);
  EXPECT_FALSE(mirrored(big));
  ASSERT_TRUE(fetch(there, {"main"}).ok()) << "what stands beside it";
  EXPECT_TRUE(mirrored(main));
  EXPECT_FALSE(mirrored(big));
  const auto just = commit_zeros("just", "zeros.bin", largest_object);
  ASSERT_TRUE(fetch(there, {"just"}).ok());
  EXPECT_TRUE(mirrored(just));
}

TEST_F(FolderFetch, NotesAreBroughtWithoutWhatIsBesideThem) {
  ASSERT_TRUE(fetch(there, {"main"}).ok());
  const auto big = commit_zeros("big", "zeros.bin", largest_object + 1);
  servers.git("hello", {"-c", "user.name=Eve", "-c", "user.email=e@x", "notes", "--ref", "quietgate", "add", "-m",
                        "hers", main});
  auto noted = run_task(loop, git.push_note(there, "refs/notes/quietgate", main, "one", stop));
  ASSERT_TRUE(noted.ok()) << noted.error().message;
  EXPECT_EQ(servers.git("hello", {"notes", "--ref", "quietgate", "show", main}), "hers\none");
  EXPECT_FALSE(mirrored(big));
}

TEST_F(FolderFetch, KeepsTheDeadlineAndTheStop) {
  there.deadline = Milliseconds(0);
  auto fetched = fetch(there, {"main"});
  ASSERT_FALSE(fetched.ok());
  EXPECT_THAT(fetched.error().message, HasSubstr(" did not finish within "));
}

TEST_F(FolderFetch, AnObjectThatIsMissingIsAnError) {
  const auto tree = servers.git("hello", {"rev-parse", "main^{tree}"});
  fs::remove(servers.folder().path("srv/hello.git/objects/" + tree.substr(0, 2) + "/" + tree.substr(2)));
  auto fetched = fetch(there, {"main"});
  ASSERT_FALSE(fetched.ok());
  EXPECT_THAT(fetched.error().message, HasSubstr(tree));
  EXPECT_FALSE(mirrored(main));
}

}  // namespace
}  // namespace quietgate
