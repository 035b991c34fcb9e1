// What a remote may list: names that nobody can hold, refs that lead nowhere, none at all, half a list.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/git_fixture.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class GitRefs : public GitTest {
 protected:
  void SetUp() override {
    servers.make_repository("hello");
    main = servers.commit("hello", "main", {{"a", "1"}});
    file("packed-refs", "# pack-refs with: peeled fully-peeled \n");
  }
  std::string folder(const std::string& inside) const { return servers.folder().path("srv/hello.git/" + inside); }
  void file(const std::string& inside, const std::string& text) const {
    std::ofstream(folder(inside), std::ios::app) << text;
  }
  void pack(const std::string& branch, const CommitId& id) const {
    file("packed-refs", id + " refs/heads/" + branch + "\n");
  }
  std::vector<std::string> problems(const GitRemote& from) {
    std::vector<std::string> found;
    auto listed = branches(from);
    EXPECT_TRUE(listed.ok()) << listed.error().message;
    for (const auto& branch : listed ? *listed : std::vector<GitBranch>{}) {
      found.push_back(branch.name.substr(0, 8) + ": " + branch.problem);
    }
    return found;
  }
  bool mirrored(const CommitId& id) { return run_task(loop, git.commit("hello", id, stop)).ok(); }

  CommitId main;
};

TEST_F(GitRefs, LongNamesAreHeldUpTo255Bytes) {
  std::string slashes = "s";
  for (int i = 0; i < 127; ++i) slashes += "/s";
  const std::vector<std::string> names{std::string(120, 'd') + "/" + std::string(130, 'e'), slashes};
  for (const auto& name : names) pack(name, main);
  pack("x/" + std::string(300, 'x'), main);
  pack("y/" + std::string(200, 'y') + "/" + std::string(200, 'y'), main);
  pack("e\xff", main);
  for (const auto& base : {servers.file(), servers.http(), servers.daemon()}) {
    ASSERT_FALSE(base.empty()) << servers.missing();
    EXPECT_THAT(problems(remote(base)),
                UnorderedElementsAre("main: ", "dddddddd: ", "s/s/s/s/: ", "e\xef\xbf\xbd: its name is not UTF-8",
                                     "x/xxxxxx: its name has 302 bytes, more than 255",
                                     "y/yyyyyy: its name has 403 bytes, more than 255"))
        << base;
    fs::remove_all(servers.folder().path("mirrors"));
    auto fetched = fetch(remote(base), {"main", names[0], names[1]});
    EXPECT_TRUE(fetched.ok()) << fetched.error().message;
    EXPECT_TRUE(mirrored(main));
  }
}

TEST_F(GitRefs, AFolderWithRefsThatTheLibraryCantTakeIsReadWithoutThem) {
  pack("b/" + std::string(1100, 'y'), main);
  pack("bad..name", main);
  file("refs/heads/we ird", main + "\n");
  file("refs/heads/empty", "");
  file("refs/heads/missing", std::string(40, '1') + "\n");
  file("refs/heads/nowhere", "ref: refs/heads/gone\n");
  file("refs/heads/again", "ref: refs/heads/main\n");
  servers.git("hello", {"symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone"});
  const auto there = remote(servers.file());
  EXPECT_THAT(
      problems(there),
      UnorderedElementsAre("main: ", "again: ", "b/yyyyyy: its name has 1113 bytes",
                           "bad..nam: its name is not a valid one", "we ird: its name is not a valid one",
                           "empty: its file names no commit", "missing: its commit 1111111 is not in the repository",
                           "nowhere: it points to refs/heads/gone, which is not there"));
  auto fetched = fetch(there, {"main", "again"});
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_TRUE(mirrored(main));
  auto pushed = push(there, "production", "", main);
  ASSERT_FALSE(pushed.ok());
  EXPECT_THAT(pushed.error().message, AllOf(HasSubstr("cannot push to "), HasSubstr(" is in the way: its name ")));
  EXPECT_EQ(pushed.error().kind, ErrorKind::infrastructure) << "no commit is to blame";
}

TEST_F(GitRefs, ACommitThatIsNotThereStopsNoOtherBranchOfAFolder) {
  file("refs/heads/missing", std::string(40, '1') + "\n");
  auto fetched = fetch(remote(servers.file()), {"main"});
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_TRUE(mirrored(main));
  EXPECT_FALSE(fs::exists(folder("objects/info/alternates")));
}

TEST_F(GitRefs, AHeadThatIsNoCommitIsNoDamageOfTheMirror) {
  const auto blob = servers.git("hello", {"hash-object", "-w", "--stdin"}, "x");
  pack("blob", blob);
  const auto there = remote(servers.file());
  ASSERT_TRUE(fetch(there, {"main", "blob"}).ok());
  const auto mirror = servers.folder().path("mirrors/hello.git/made-once");
  std::ofstream(mirror) << "";
  ASSERT_TRUE(fetch(there, {"main"}).ok());
  EXPECT_TRUE(fs::exists(mirror)) << "the mirror was made again";
  EXPECT_FALSE(run_task(loop, git.read_file("hello", blob, "a", 100, stop)).ok());
}

// What a server says over http to a client that asks for its refs.
std::string packet(const std::string& text) {
  char size[5];
  std::snprintf(size, sizeof size, "%04zx", text.size() + 4);
  return size + text;
}

std::string advertisement(const std::string& refs) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nConnection: close\r\n\r\n" +
         packet("# service=git-upload-pack\n") + "0000" + refs;
}

class Listing : public GitTest {
 protected:
  Result<std::vector<GitBranch>> listed(const std::string& answer) {
    HostileServer server(answer, "", true);
    auto there = remote("http://127.0.0.1:" + std::to_string(server.port()) + "/");
    there.deadline = Milliseconds(5'000);
    return branches(there);
  }
  const std::string id = std::string(40, 'a');
  const std::string one = packet(id + " refs/heads/main" + std::string(1, '\0') + "side-band-64k\n");
};

TEST_F(Listing, IsWholeOrAnError) {
  auto whole = listed(advertisement(one + packet(id + " refs/heads/two\n") + "0000"));
  ASSERT_TRUE(whole.ok()) << whole.error().message;
  EXPECT_EQ(whole->size(), 2U);
  EXPECT_FALSE(listed(advertisement(one + packet(id + " refs/heads/two\n"))).ok()) << "without its end";
  EXPECT_FALSE(listed(advertisement(one + packet(id + " refs/heads/two\n").substr(0, 20))).ok()) << "cut in a ref";
  EXPECT_FALSE(listed(advertisement("")).ok()) << "cut before the first";
  EXPECT_FALSE(listed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok());
}

TEST_F(Listing, MayBeEmpty) {
  auto none = listed(advertisement("0000"));
  ASSERT_TRUE(none.ok()) << none.error().message;
  EXPECT_THAT(*none, IsEmpty());
  none =
      listed(advertisement(packet(std::string(40, '0') + " capabilities^{}" + std::string(1, '\0') + "x\n") + "0000"));
  ASSERT_TRUE(none.ok()) << none.error().message;
  EXPECT_THAT(*none, IsEmpty());
}

TEST_F(Listing, OfTooManyRefsIsAnError) {
  std::string refs = one;
  for (int i = 0; i < 50'001; ++i) refs += packet(id + " refs/heads/b" + std::to_string(i) + "\n");
  auto found = listed(advertisement(refs + "0000"));
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.error().message, HasSubstr("has 50002 refs, more than 50000"));
}

}  // namespace
}  // namespace quietgate
