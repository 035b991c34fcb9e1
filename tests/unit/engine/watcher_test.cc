#include "runner/engine/watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/engine/engine_world.h"

namespace quietgate {
namespace {

using testing::ElementsAre;

TEST(Compare, TellsNewMovedAndDeletedBranchesApart) {
  auto moves = compare("r", {{"a", "1"}, {"b", "1"}, {"c", "1"}}, true, {{"a", "1"}, {"b", "2"}, {"d", "9"}});
  ASSERT_EQ(moves.size(), 3U);
  EXPECT_EQ(moves[0].kind, RefMoved::Kind::moved);
  EXPECT_EQ(moves[1].kind, RefMoved::Kind::created);
  EXPECT_EQ(moves[2].kind, RefMoved::Kind::deleted);
  EXPECT_EQ(compare("r", {}, false, {{"a", "1"}})[0].kind, RefMoved::Kind::first_seen);
}

TEST(PollDelay, BacksOffAndSpreads) {
  EXPECT_GE(poll_delay("r", Milliseconds{10'000}, 0, 1), Milliseconds{10'000});
  EXPECT_LE(poll_delay("r", Milliseconds{10'000}, 0, 1), Milliseconds{11'000});
  EXPECT_GE(poll_delay("r", Milliseconds{10'000}, 2, 1), Milliseconds{40'000});
  EXPECT_LE(poll_delay("r", Milliseconds{10'000}, 60, 1), Milliseconds{330'000});
  EXPECT_NE(poll_delay("r", Milliseconds{10'000}, 0, 1), poll_delay("s", Milliseconds{10'000}, 0, 1));
}

class WatcherTest : public testing::Test {
 protected:
  WatcherTest() { world.compiler.plans["plan"].stages = {test_stage("unit")}; }
  void poll() {
    Watcher watcher(world.repository, *world.journal, *world.journal, world.git, world.clock, world.compiler,
                    [](const std::string&, const auto&) {});
    std::optional<Result<void>> answer;
    auto task = [](Watcher* w, Stop* s, std::optional<Result<void>>* a) -> Task<void> { *a = co_await w->poll(*s); };
    spawn(world.io.get_executor(), task(&watcher, &stop, &answer), [](std::exception_ptr) {});
    world.settle();
    ASSERT_TRUE(answer.has_value());
    last = *answer;
  }
  std::vector<std::string> log() {
    std::vector<std::string> lines;
    for (const auto& row : *world.journal->read(0, 100, std::nullopt)) {
      std::string line = type_of(row.event);
      if (const auto* asked = std::get_if<RunRequested>(&row.event))
        line += " " + std::to_string(asked->run.number) + " " + asked->commit;
      if (const auto* moved = std::get_if<RefMoved>(&row.event)) line += " " + moved->branch + " " + moved->to;
      if (const auto* cancel = std::get_if<CancelRequested>(&row.event)) line += " " + cancel->cause;
      lines.push_back(line);
    }
    return lines;
  }
  void commit(const CommitId& id, const CommitId& parent, const std::string& plan = "plan") {
    world.git.commits[id] = {parent, {{".quietgate.yaml", plan}, {"code", id}}};
    world.git.remote["main"] = id;
  }
  EngineWorld world;
  Stop stop;
  std::optional<Result<void>> last;
};

TEST_F(WatcherTest, WhatIsThereAtTheFirstPollAsksForNoRun) {
  poll();
  EXPECT_THAT(log(), ElementsAre("RepositoryWatched", "RefMoved main c1"));
  poll();
  EXPECT_EQ(log().size(), 2U);
}

TEST_F(WatcherTest, APushAsksForARunInTheSameAppend) {
  poll();
  commit("c2", "c1");
  poll();
  EXPECT_THAT(log(), ElementsAre("RepositoryWatched", "RefMoved main c1", "RefMoved main c2", "RunRequested 1 c2"));
}

TEST_F(WatcherTest, TheFirstBranchOfAnEmptyRepositoryRuns) {
  world.git.remote.clear();
  poll();
  commit("c2", "c1");
  poll();
  EXPECT_THAT(log(), ElementsAre("RepositoryWatched", "RefMoved main c2", "RunRequested 1 c2"));
}

TEST_F(WatcherTest, SupersedeRunsTheNewestAndCancelsTheOlder) {
  poll();
  commit("c2", "c1");
  poll();
  commit("c3", "c2");
  commit("c4", "c3");
  poll();
  auto lines = log();
  EXPECT_THAT(std::vector<std::string>(lines.end() - 3, lines.end()),
              ElementsAre("RefMoved main c4", "RunRequested 2 c4", "CancelRequested superseded by hello/2"));
}

TEST_F(WatcherTest, ANewerCommitSupersedesNoRollback) {
  poll();
  RunRequested back{{"hello", 1}, "main", "c1", "rollback", {{"hello", 9}, "production", "c9", "ana", "slow"}};
  ASSERT_TRUE(world.journal->append({back}).ok());
  commit("c2", "c1");
  poll();
  EXPECT_EQ(log().back(), "RunRequested 2 c2");
}

TEST_F(WatcherTest, QueueRunsEachCommitOfAPush) {
  world.compiler.plans["plan"].concurrency = Concurrency::queue;
  poll();
  commit("c2", "c1");
  commit("c3", "c2");
  poll();
  auto lines = log();
  EXPECT_THAT(std::vector<std::string>(lines.end() - 2, lines.end()),
              ElementsAre("RunRequested 1 c2", "RunRequested 2 c3"));
}

TEST_F(WatcherTest, AForcedBranchIsToldApart) {
  poll();
  commit("x9", "");
  poll();
  auto rows = *world.journal->read(0, 100, std::nullopt);
  EXPECT_EQ(std::get<RefMoved>(rows[2].event).kind, RefMoved::Kind::forced);
}

TEST_F(WatcherTest, ADeletedBranchAsksForNothing) {
  poll();
  world.git.remote.clear();
  poll();
  EXPECT_THAT(log(), ElementsAre("RepositoryWatched", "RefMoved main c1", "RefMoved main "));
  EXPECT_TRUE(world.journal->branches("hello")->empty());
}

TEST_F(WatcherTest, ABrokenPipelineOnAProtectedBranchStillRunsSoThatPeopleSeeIt) {
  poll();
  commit("c2", "c1", "broken");
  poll();
  EXPECT_EQ(log().back(), "RunRequested 1 c2");
}

TEST_F(WatcherTest, AnUnreachableRemoteRecordsNothing) {
  world.git.broken = infrastructure_error("refused");
  poll();
  EXPECT_FALSE(last->ok());
  EXPECT_TRUE(log().empty());
}

}  // namespace
}  // namespace quietgate
