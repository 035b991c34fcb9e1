#include "runner/engine/watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runner/engine/engine_world.h"

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
  void poll() { poll_by(make()); }
  Watcher make() {
    return Watcher(
        world.repository, *world.slow, *world.slow_catalog, world.git, world.clock, world.compiler,
        [](const std::string&, const auto&) {},
        [this](const std::string&, const Error& error) { told.push_back(error.message); });
  }
  void poll_by(Watcher&& watcher) { poll_by(watcher); }
  void poll_by(Watcher& watcher) {
    std::optional<Result<void>> answer;
    auto task = [](Watcher* w, Stop* s, std::optional<Result<void>>* a) -> Task<void> { *a = co_await w->poll(*s); };
    spawn(world.io.get_executor(), task(&watcher, &stop, &answer), [](std::exception_ptr) {});
    world.settle();
    ASSERT_TRUE(answer.has_value());
    last = *answer;
  }
  std::vector<std::string> log() {
    std::vector<std::string> lines;
    for (const auto& row : *world.journal->read_now(0, 100, std::nullopt)) {
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
  std::vector<std::string> told;
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

// A person asks for a run between the look at the branch's runs and the append.
TEST_F(WatcherTest, ANewerCommitSupersedesARunThatWasAskedForMeanwhile) {
  poll();
  world.request();
  commit("c2", "c1");
  world.slow->meanwhile = [this] {
    ASSERT_TRUE(world.journal->append_now({RunRequested{{"hello", 2}, "main", "c1", "ana"}}).ok());
  };
  poll();
  auto lines = log();
  EXPECT_THAT(std::vector<std::string>(lines.end() - 4, lines.end()),
              ElementsAre("RefMoved main c2", "RunRequested 3 c2", "CancelRequested superseded by hello/3",
                          "CancelRequested superseded by hello/3"));
}

TEST_F(WatcherTest, ANewerCommitSupersedesNoRollback) {
  poll();
  RunRequested back{{"hello", 1}, "main", "c1", "rollback", {{"hello", 9}, "production", "c9", "ana", "slow"}};
  ASSERT_TRUE(world.journal->append_now({back}).ok());
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
  auto rows = *world.journal->read_now(0, 100, std::nullopt);
  EXPECT_EQ(std::get<RefMoved>(rows[2].event).kind, RefMoved::Kind::forced);
}

TEST_F(WatcherTest, ADeletedBranchAsksForNothing) {
  poll();
  world.git.remote["other"] = "c1";
  world.git.remote.erase("main");
  poll();
  EXPECT_THAT(
      log(), ElementsAre("RepositoryWatched", "RefMoved main c1", "RefMoved main ", "RefMoved other c1", "RunSkipped"));
  EXPECT_EQ(world.journal->catalog().branches_now("hello")->size(), 1U);
}

TEST_F(WatcherTest, AListOfNoBranchesIsNotBelieved) {
  poll();
  commit("c2", "c1");
  poll();
  const auto before = log();
  const auto remote = world.git.remote;
  world.git.remote.clear();
  poll();
  ASSERT_FALSE(last->ok());
  EXPECT_EQ(last->error().message, "the remote lists no branches, but had 1: none counts as deleted");
  EXPECT_EQ(last->error().advice,
            "check the server; if the repository is really empty, it is watched again as soon as it has a branch");
  world.git.remote = remote;
  poll();
  EXPECT_TRUE(last->ok());
  EXPECT_EQ(log(), before);
}

TEST_F(WatcherTest, ABranchThatIsBackWhereItRanRunsNoSecondTime) {
  world.git.remote["other"] = "c1";
  poll();
  commit("c2", "c1");
  poll();
  world.git.remote.erase("main");
  poll();
  world.git.remote["main"] = "c2";
  poll();
  auto rows = *world.journal->read_now(0, 100, std::nullopt);
  ASSERT_TRUE(std::holds_alternative<RunSkipped>(rows.back().event));
  EXPECT_EQ(std::get<RunSkipped>(rows.back().event).reason, "main is back at the commit that it ran last");
  commit("c3", "c2");
  poll();
  EXPECT_THAT(log(), testing::Contains("RunRequested 2 c3"));
}

TEST_F(WatcherTest, ABranchThatCantBeFetchedStopsNoOther) {
  auto watcher = make();
  poll_by(watcher);
  for (const char* name : {"a", "big", "main", "z"}) {
    commit(std::string("c2") + name, "c1");
    world.git.remote[name] = std::string("c2") + name;
  }
  world.git.remote["main"] = "c2main";
  world.git.unfetchable = {"big"};
  poll_by(watcher);
  ASSERT_TRUE(last->ok());
  EXPECT_THAT(log(),
              ElementsAre("RepositoryWatched", "RefMoved main c1", "RefMoved main c2main", "RunRequested 1 c2main",
                          "RefMoved a c2a", "RunSkipped", "RefMoved z c2z", "RunSkipped"))
      << "protected branches first";
  EXPECT_THAT(told, ElementsAre("big can't be followed to c2big: git://fake did not finish within 30s"));

  // It waits, and holds up nobody while it is tried again.
  commit("c3", "c2main");
  world.git.fetches.clear();
  poll_by(watcher);
  EXPECT_THAT(world.git.fetches, ElementsAre(ElementsAre("main")));
  for (int i = 0; i < 3; ++i) {
    world.clock.advance(std::chrono::minutes(6));
    poll_by(watcher);
  }
  EXPECT_EQ(told.size(), 1U) << "told once";
  const auto rows = *world.journal->read_now(0, 100, std::nullopt);
  ASSERT_TRUE(std::holds_alternative<RunSkipped>(rows.back().event));
  EXPECT_EQ(std::get<RunSkipped>(rows.back().event).reason, told[0]) << "and on record";
  world.git.unfetchable.clear();
  world.clock.advance(std::chrono::minutes(6));
  poll_by(watcher);
  EXPECT_EQ(world.journal->catalog().branches_now("hello")->at("big"), "c2big");
}

TEST_F(WatcherTest, ABranchThatMovesIsTriedAtOnce) {
  auto watcher = make();
  poll_by(watcher);
  commit("c2", "c1");
  world.git.unfetchable = {"main"};
  poll_by(watcher);
  poll_by(watcher);
  EXPECT_EQ(world.git.fetches.size(), 1U);
  EXPECT_EQ(log().size(), 2U);
  commit("c3", "c2");
  world.git.unfetchable.clear();
  poll_by(watcher);
  EXPECT_EQ(log().back(), "RunRequested 1 c3");
}

TEST_F(WatcherTest, ACommitThatCantBeReadStopsNoOtherBranch) {
  poll();
  commit("c2", "c1");
  commit("c3", "c1");
  world.git.remote["a"] = "c2";
  world.git.unreadable = {"c2"};
  poll();
  EXPECT_TRUE(last->ok());
  EXPECT_EQ(log().back(), "RunRequested 1 c3");
  EXPECT_THAT(told, ElementsAre("a can't be followed to c2: the mirror of hello lacks the files of c2"));
}

TEST_F(WatcherTest, SlowBranchesAreTriedForABoundedTime) {
  auto watcher = make();
  poll_by(watcher);
  for (int i = 0; i < 20; ++i) {
    const auto name = "slow" + std::to_string(i);
    commit("c2" + name, "c1");
    world.git.remote[name] = "c2" + name;
    world.git.unfetchable.insert(name);
  }
  world.git.remote["main"] = "c1";
  world.git.on_fetch_failure = [&] { world.clock.advance(world.repository.remote.deadline); };
  world.git.remote["a"] = "c2slow0";
  poll_by(watcher);
  EXPECT_LE(world.git.fetches.size(), 5U);
  world.git.fetches.clear();
  world.git.on_fetch_failure = nullptr;
  poll_by(watcher);
  EXPECT_LE(world.git.fetches.size(), 6U) << "what fails everywhere is not tried for each";
}

TEST_F(WatcherTest, NamesThatNobodyCanHoldAreLeftOutAndToldOnce) {
  auto watcher = make();
  world.git.odd = {{std::string(300, 'x'), "c1", "its name has 300 bytes, more than 255"}};
  poll_by(watcher);
  poll_by(watcher);
  EXPECT_THAT(log(), ElementsAre("RepositoryWatched", "RefMoved main c1"));
  EXPECT_THAT(told, ElementsAre("one branch is left out: `" + std::string(300, 'x') +
                                "` (its name has 300 bytes, more than 255)"));
  for (int i = 0; i < 9; ++i) world.git.odd.push_back({"b" + std::to_string(i), "c1", "bad"});
  poll_by(watcher);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_THAT(told[1], testing::EndsWith("`b3` (bad) and 5 more"));
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
