// Mirrors that were fetched into many times.
#include "runner/adapters/git/git_consolidation.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "tests/support/git_fixture.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;

class Consolidations : public GitTest {
 protected:
  std::set<std::string> packs() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(servers.folder().path("mirrors/hello.git/objects/pack"))) {
      if (entry.path().extension() == ".pack") names.insert(entry.path().filename().string());
    }
    return names;
  }
  // Commits fetched one by one: as many packs.
  void fetch_commits(int count) {
    for (int i = 0; i < count; ++i) {
      const auto number = std::to_string(ids.size());
      ids.push_back(
          servers.commit("hello", "main", {{"a", number}, {"big", std::string(3000, 'x') + number}}, {"main"}));
      auto fetched = fetch(remote(servers.file()), {"main"});
      ASSERT_TRUE(fetched.ok()) << fetched.error().message;
    }
  }
  void begin() {
    servers.make_repository("hello");
    ids.push_back(servers.commit("hello", "main", {{"a", "first"}}));
    // A commit that no branch holds any more when all is fetched: runs of it may still be looked at.
    ids.push_back(servers.commit("hello", "main", {{"a", "forced away"}}, {ids.front()}));
    ASSERT_TRUE(fetch(remote(servers.file()), {"main"}).ok());
    ids.push_back(servers.commit("hello", "main", {{"a", "instead"}}, {ids.front()}));
  }
  void all_there() {
    for (const auto& id : ids) {
      auto read = run_task(loop, git.read_file("hello", id, "a", 100, stop));
      ASSERT_TRUE(read.ok() && *read) << id;
    }
    const auto checked =
        run_program({"git", "-C", servers.folder().path("mirrors/hello.git"), "fsck", "--full"}, "/tmp");
    EXPECT_EQ(checked.exit_code, 0) << checked.out;
  }
  Consolidation run(ConsolidationLimits limits, bool stopped = false) {
    RepositoryHandle mirror;
    EXPECT_EQ(git_repository_open_bare(receive(mirror), servers.folder().path("mirrors/hello.git").c_str()), 0);
    return consolidate(mirror.get(), limits, [stopped] { return stopped; });
  }
  std::vector<CommitId> ids;
};

TEST_F(Consolidations, SmallPacksBecomeOneAndNothingIsLost) {
  begin();
  fetch_commits(8);
  const auto before = packs();
  ASSERT_GE(before.size(), 9U);
  ConsolidationLimits limits;
  limits.packs = 5;
  EXPECT_EQ(run(limits, true), Consolidation::given_up);
  limits.patience = Milliseconds(-1);
  EXPECT_EQ(run(limits), Consolidation::given_up);
  EXPECT_EQ(packs(), before) << "what is given up leaves all as it was";
  limits.patience = Milliseconds(60'000);
  EXPECT_EQ(run(limits), Consolidation::done);
  EXPECT_EQ(packs().size(), before.size() + 1) << "readers may still want the old ones";
  EXPECT_EQ(run(limits), Consolidation::not_needed);
  all_there();
  limits.keep = std::chrono::minutes(0);
  EXPECT_EQ(run(limits), Consolidation::not_needed);
  EXPECT_EQ(packs().size(), 1U);
  all_there();
  fetch_commits(2);
  EXPECT_EQ(packs().size(), 3U);
  all_there();
}

TEST_F(Consolidations, ACrashAnywhereLosesNothing) {
  begin();
  fetch_commits(8);
  ConsolidationLimits limits;
  limits.packs = 5;
  const auto folder = servers.folder().path("mirrors/hello.git/objects/pack/");
  ASSERT_EQ(run(limits), Consolidation::done);
  fs::remove(folder + "quietgate-replaced");  // before the note was written
  ASSERT_EQ(run(limits), Consolidation::done);
  all_there();
  // While the old ones were being removed: some have only their pack left.
  auto some = packs();
  const auto note = text_of(folder + "quietgate-replaced");
  for (const auto& pack : some) {
    const auto name = pack.substr(0, pack.size() - 5);
    if (note.find("\n" + name) != std::string::npos) {
      fs::remove(folder + name + ".idx");
      break;
    }
  }
  all_there();
  limits.keep = std::chrono::minutes(0);
  run(limits);
  EXPECT_EQ(packs().size(), 1U);
  all_there();
  // A note that names what is not there removes nothing.
  servers.folder().write("mirrors/hello.git/objects/pack/quietgate-replaced",
                         "pack-gone\n" + packs().begin()->substr(0, packs().begin()->size() - 5) + "\n");
  run(limits);
  EXPECT_EQ(packs().size(), 1U);
  all_there();
}

TEST_F(Consolidations, FetchingLooksAfterIt) {
  begin();
  fetch_commits(60);
  const auto note = servers.folder().path("mirrors/hello.git/objects/pack/quietgate-replaced");
  for (int tries = 0; tries < 2000 && !fs::exists(note); ++tries) ::usleep(10'000);
  EXPECT_TRUE(fs::exists(note)) << packs().size() << " packs and nobody minds";
  all_there();
}

}  // namespace
}  // namespace quietgate
