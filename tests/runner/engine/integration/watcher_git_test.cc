// The watcher over a real Git server: one branch must not stop the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "runner/engine/watcher.h"
#include "tests/runner/engine/engine_world.h"
#include "tests/support/git_fixture.h"

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class WatchedServer : public GitTest {
 protected:
  WatchedServer() { world.compiler.plans["plan"].stages = {test_stage("unit")}; }
  void poll(Watcher& watcher) {
    auto polled = run_task(loop, watcher.poll(stop));
    ASSERT_TRUE(polled.ok()) << polled.error().message;
  }
  Repository at(const std::string& base) {
    Repository repository;
    repository.remote = remote(base);
    repository.remote.deadline = Milliseconds(2'000);
    return repository;
  }
  // The server never sends what this commit needs.
  void hold_back(const CommitId& commit) {
    const auto hook = servers.folder().write("hold-back", "#!/bin/sh\nasked=$(cat)\ncase \"$asked\" in *" + commit +
                                                              "*) exec sleep 60 ;; esac\nprintf '%s\\n' \"$asked\" | "
                                                              "\"$@\"\n");
    ::chmod(hook.c_str(), 0755);
    servers.folder().write(".gitconfig", "[uploadpack]\n\tpackObjectsHook = " + hook + "\n");
  }
  std::vector<std::string> moved() {
    std::vector<std::string> branches;
    for (const auto& row : *world.journal->read_now(0, 100, std::nullopt)) {
      const auto* one = std::get_if<RefMoved>(&row.event);
      if (one != nullptr && one->kind != RefMoved::Kind::first_seen) branches.push_back(one->branch);
    }
    return branches;
  }
  CommitId commit(const std::string& branch, const std::string& text) {
    return servers.commit("hello", branch, {{".quietgate.yaml", "plan"}, {"a", text}});
  }

  EngineWorld world;
  std::vector<std::string> told;
};

TEST_F(WatchedServer, ACommitThatDoesNotArriveStopsNoOtherBranch) {
  const auto base = servers.http();
  if (base.empty()) GTEST_SKIP() << servers.missing();
  servers.make_repository("hello");
  for (const char* branch : {"big", "main", "other"}) commit(branch, "1");
  Watcher watcher(
      at(base), *world.journal, world.journal->catalog(), git, world.clock, world.compiler,
      [](const auto&, const auto&) {},
      [this](const std::string&, const Error& error) { told.push_back(error.message); });
  poll(watcher);
  hold_back(commit("big", "2"));
  for (const char* branch : {"main", "other"}) commit(branch, "2");
  poll(watcher);
  EXPECT_THAT(moved(), ElementsAre("main", "other"));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0],
              testing::MatchesRegex("big can't be followed to [0-9a-f]{7}: http://.* did not finish within 2s"));
}

// As a server does that serves a disk which is not there yet.
TEST_F(WatchedServer, AListOfNoBranchesIsNotBelieved) {
  servers.make_repository("hello");
  for (const char* branch : {"main", "other"}) commit(branch, "1");
  for (const auto& base : {servers.http(), servers.file()}) {
    if (base.empty()) GTEST_SKIP() << servers.missing();
    EngineWorld fresh;
    Watcher watcher(
        at(base), *fresh.journal, fresh.journal->catalog(), git, fresh.clock, fresh.compiler,
        [](const auto&, const auto&) {}, [](const auto&, const auto&) {});
    poll(watcher);
    const auto before = fresh.journal->last();
    const auto heads = servers.folder().path("srv/hello.git/refs/heads");
    std::filesystem::rename(heads, heads + ".away");
    std::filesystem::create_directory(heads);
    auto polled = run_task(loop, watcher.poll(stop));
    ASSERT_FALSE(polled.ok()) << base;
    EXPECT_EQ(polled.error().message, "the remote lists no branches, but had 2: none counts as deleted");
    std::filesystem::remove(heads);
    std::filesystem::rename(heads + ".away", heads);
    poll(watcher);
    EXPECT_EQ(fresh.journal->last(), before) << "nothing was recorded";
  }
}

TEST_F(WatchedServer, AFileOfAFolderThatIsTooLargeStopsNoOtherBranch) {
  servers.make_repository("hello");
  for (const char* branch : {"big", "main", "other"}) commit(branch, "1");
  Watcher watcher(
      at(servers.file()), *world.journal, world.journal->catalog(), git, world.clock, world.compiler,
      [](const auto&, const auto&) {},
      [this](const std::string&, const Error& error) { told.push_back(error.message); });
  poll(watcher);
  const auto file = servers.folder().write("zeros", "");
  std::filesystem::resize_file(file, (128UL << 20) + 1);
  const auto blob = servers.git("hello", {"hash-object", "-w", file});
  const auto tree = servers.git("hello", {"mktree"}, "100644 blob " + blob + "\tzeros.bin\n");
  const auto id = servers.git(
      "hello", {"-c", "user.name=Ana", "-c", "user.email=a@x", "commit-tree", "-p", "big", "-m", "zeros", tree});
  servers.git("hello", {"update-ref", "refs/heads/big", id});
  for (const char* branch : {"main", "other"}) commit(branch, "2");
  poll(watcher);
  EXPECT_THAT(moved(), ElementsAre("main", "other"));
  EXPECT_THAT(told, ElementsAre("big can't be followed to " + id.substr(0, 7) +
                                ": zeros.bin has 134217729 bytes; a file may have 128 MiB"));
}

TEST_F(WatchedServer, AFolderWithANameThatNobodyCanHoldGoesOnWithoutIt) {
  servers.make_repository("hello");
  commit("main", "1");
  Watcher watcher(
      at(servers.file()), *world.journal, world.journal->catalog(), git, world.clock, world.compiler,
      [](const auto&, const auto&) {},
      [this](const std::string&, const Error& error) { told.push_back(error.message); });
  poll(watcher);
  const auto id = commit("main", "2");
  for (const std::size_t size : {300U, 2'000U}) {
    std::ofstream(servers.folder().path("srv/hello.git/packed-refs"), std::ios::app)
        << id << " refs/heads/a/" << std::string(size, 'x') << "\n";
  }
  poll(watcher);
  EXPECT_THAT(moved(), ElementsAre("main"));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], HasSubstr("branches are left out: `a/xxx"));
  EXPECT_THAT(told[0], HasSubstr("(its name has 302 bytes, more than 255)"));
}

}  // namespace
}  // namespace quietgate
