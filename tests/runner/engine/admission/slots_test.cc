#include "runner/engine/admission/slots.h"

#include <gtest/gtest.h>

#include <random>

#include "runner/engine/admission/branch_order.h"

namespace quietgate {
namespace {

// Claims by name; what was granted, in order.
struct Line {
  explicit Line(Limits limits) : slots(std::move(limits)) {}
  Slots slots;
  std::map<std::string, Slots::Claim> claims;
  std::vector<std::string> granted;

  static SlotRequest request(const RunId& run, const std::string& stage, const std::string& lock = {}) {
    return {run, stage, true, lock, false, {}, Time{}};
  }
  // Of a branch that is not protected.
  static SlotRequest other(const RunId& run, const std::string& branch, const std::string& stage) {
    auto other = request(run, stage);
    other.branch = branch;
    other.unprotected = true;
    return other;
  }
  void ask(const std::string& name, SlotRequest request) {
    claims[name] = slots.ask(std::move(request), [this, name] { granted.push_back(name); });
    if (claims[name].granted()) granted.push_back(name);
  }
  void end(const std::string& name) { claims.erase(name); }
  std::string why(const std::string& stage) {
    for (const auto& waiting : slots.waiting()) {
      if (waiting.stage == stage) return waiting.reason;
    }
    return "does not wait";
  }
  using Names = std::vector<std::string>;
};

TEST(Slots, GiveAPlaceToEachRepositoryInTurnAndToTheOldestRunOfOne) {
  Line line({1, {}, {}});
  line.ask("first", line.request({"a", 1}, "first"));
  line.ask("a3", line.request({"a", 3}, "s"));
  line.ask("a2", line.request({"a", 2}, "s"));
  line.ask("a4", line.request({"a", 4}, "s"));
  line.ask("b1", line.request({"b", 1}, "s"));
  line.ask("b2", line.request({"b", 2}, "s"));
  line.ask("c9", line.request({"c", 9}, "s"));
  const Line::Names order{"first", "b1", "c9", "a2", "b2", "a3", "a4"};
  for (std::size_t i = 0; i < order.size(); ++i) {
    ASSERT_EQ(line.granted, (Line::Names(order.begin(), order.begin() + static_cast<long>(i) + 1)));
    line.end(order[i]);
  }
}

TEST(Slots, HoldARepositoryToItsLimitAndLeaveTheRestToOthers) {
  Line line({4, {{"a", 2}}, {}});
  for (const char* name : {"a1", "a2", "a3"}) line.ask(name, line.request({"a", name[1] - '0'}, name));
  line.ask("b1", line.request({"b", 1}, "b1"));
  EXPECT_EQ(line.granted, (Line::Names{"a1", "a2", "b1"}));
  EXPECT_EQ(line.why("a3"), "waits for a slot of its repository: 2 of 2 stages run; next in line");
  line.end("a1");
  EXPECT_EQ(line.granted.back(), "a3");
}

// Case of issue 17: five branches with `sleep` held every place.
TEST(Slots, APlaceIsKeptForProtectedBranchesWhateverOthersDo) {
  Line line({4, {}, {}});
  for (int n = 1; n <= 5; ++n) {
    const auto name = "f" + std::to_string(n);
    line.ask(name, line.other({"a", n}, name, name));
  }
  EXPECT_EQ(line.granted, (Line::Names{"f1", "f2", "f3"}));
  EXPECT_EQ(line.why("f4"),
            "waits for a free slot: 3 of 4 stages run, and the last is reserved for protected branches; next in line");
  line.ask("main", line.request({"a", 6}, "main"));
  EXPECT_EQ(line.granted.back(), "main");
  EXPECT_EQ(line.why("f5"), "waits for a free slot: 4 of 4 stages run; 2nd in line");
  line.end("main");
  EXPECT_EQ(line.granted.back(), "main") << "it is not for them";
  line.end("f1");
  EXPECT_EQ(line.granted.back(), "f4");
}

TEST(Slots, ARepositoryKeepsPlacesLikewise) {
  Line line({9, {{"a", 2}}, {}});
  line.ask("f1", line.other({"a", 1}, "f", "f1"));
  line.ask("f2", line.other({"a", 2}, "f", "f2"));
  EXPECT_EQ(
      line.why("f2"),
      "waits for a slot of its repository: 1 of 2 stages run, and the last is reserved for protected branches; next "
      "in line");
  line.ask("main", line.request({"a", 3}, "main"));
  EXPECT_EQ(line.granted, (Line::Names{"f1", "main"}));
}

TEST(Slots, OneOrTheOnlyPlaceIsKeptForNobody) {
  EXPECT_EQ(reserved_slots(1), 0);
  EXPECT_EQ(reserved_slots(2), 1);
  EXPECT_EQ(reserved_slots(7), 1);
  EXPECT_EQ(reserved_slots(16), 4);
  Line line({1, {}, {}});
  line.ask("f", line.other({"a", 1}, "f", "f"));
  EXPECT_EQ(line.granted, (Line::Names{"f"}));
}

TEST(Slots, WhoHoldsTheFewestPlacesGoesFirst) {
  Line line({4, {}, {}});
  line.ask("f1", line.other({"a", 1}, "f", "f1"));
  line.ask("f2", line.other({"a", 2}, "f", "f2"));
  line.ask("b1", line.other({"b", 1}, "b", "b1"));
  line.ask("f3", line.other({"a", 3}, "f", "f3"));
  line.ask("g4", line.other({"a", 4}, "g", "g4"));
  line.ask("b2", line.other({"b", 2}, "b", "b2"));
  line.end("f1");
  EXPECT_EQ(line.granted.back(), "g4") << "a and b hold one each, and it is a's turn; of its branches g holds none";
  line.end("f2");
  EXPECT_EQ(line.granted.back(), "b2") << "a and b hold one each, and it is b's turn";
  line.end("b1");
  line.end("b2");
  EXPECT_EQ(line.granted.back(), "f3");
}

// Main has always something to do, and takes what gets free: but not for ever.
TEST(Slots, ProtectedBranchesGoFirstAndPassNobodyForEver) {
  Line line({1, {}, {}});
  line.ask("m0", line.request({"a", 1}, "m0"));
  line.ask("f", line.other({"a", 2}, "f", "f"));
  int passed = 0;
  for (; line.granted.back() != "f"; ++passed) {
    ASSERT_LT(passed, 20);
    line.ask("m" + std::to_string(passed + 1), line.request({"a", 3 + passed}, "m"));
    line.end("m" + std::to_string(passed));
  }
  EXPECT_EQ(passed, most_passed + 1);
}

TEST(Slots, ALockHasOneHolderAcrossRepositoriesAndTakesNoPlaceWhileItIsWaitedFor) {
  Line line({2, {}, {}});
  line.ask("a", line.request({"a", 1}, "a", "cluster"));
  line.ask("b", line.request({"b", 1}, "b", "cluster"));
  line.ask("c", line.request({"c", 1}, "c", "cluster"));
  EXPECT_EQ(line.granted, (Line::Names{"a"}));
  EXPECT_EQ(line.why("b"), "waits for lock cluster, held by a/1 a; next in line");
  EXPECT_EQ(line.why("c"), "waits for lock cluster, held by a/1 a; 2nd in line");
  line.ask("free", line.request({"d", 1}, "free"));
  EXPECT_EQ(line.granted, (Line::Names{"a", "free"}));
  line.end("a");
  EXPECT_EQ(line.granted.back(), "b");
  line.end("b");
  EXPECT_EQ(line.granted.back(), "c");
}

TEST(Slots, ALockMayHaveAsManyHoldersAsTheServiceSays) {
  Line line({9, {}, {{"cluster", 2}}});
  for (const char* name : {"a", "b", "c"}) line.ask(name, line.request({name, 1}, name, "cluster"));
  EXPECT_EQ(line.granted, (Line::Names{"a", "b"}));
  EXPECT_EQ(line.why("c"), "waits for lock cluster, held by a/1 a, b/1 b; next in line");
}

// The one that asks for nothing but the lock must not be passed for ever by one whose other stages come and go.
TEST(Slots, TurnsAtALockAreCountedForTheLock) {
  Line line({9, {}, {}});
  line.ask("b1", line.request({"b", 1}, "b1", "cluster"));
  line.ask("a1", line.request({"a", 1}, "a1", "cluster"));
  line.ask("b2", line.request({"b", 2}, "b2", "cluster"));
  line.ask("other", line.request({"a", 2}, "other"));
  line.end("b1");
  EXPECT_EQ(line.granted.back(), "a1");
}

TEST(Slots, WhoIsCancelledLeavesTheLine) {
  Line line({1, {}, {}});
  line.ask("a", line.request({"a", 1}, "a", "cluster"));
  line.ask("b", line.request({"b", 1}, "b", "cluster"));
  line.ask("c", line.request({"c", 1}, "c", "cluster"));
  EXPECT_TRUE(line.slots.waits({"b", 1}));
  EXPECT_FALSE(line.slots.waits({"a", 1}));
  EXPECT_FALSE(line.slots.waits({"b", 2}));
  line.end("b");
  EXPECT_FALSE(line.slots.waits({"b", 1}));
  line.end("a");
  EXPECT_EQ(line.granted, (Line::Names{"a", "c"}));
  EXPECT_TRUE(line.slots.waiting().empty());
}

TEST(Slots, WorkUnderWayCountsButIsNeverHeldUp) {
  Line line({1, {}, {}});
  line.claims["r1"] = line.slots.take(line.request({"a", 1}, "r1", "cluster"));
  line.claims["r2"] = line.slots.take(line.request({"a", 2}, "r2", "cluster"));
  line.ask("new", line.request({"b", 1}, "new"));
  line.end("r1");
  EXPECT_TRUE(line.granted.empty());
  EXPECT_EQ(line.why("new"), "waits for a free slot: 1 of 1 stages run; next in line");
  line.end("r2");
  EXPECT_EQ(line.granted, (Line::Names{"new"}));
}

TEST(Slots, ARunUsesTheLockThatItKeepsAndItsStagesGoOneAfterTheOther) {
  Line line({9, {}, {}});
  auto kept = line.slots.keep({{"a", 1}, "staging", false, "cluster", true, {}, Time{}});
  line.ask("load", line.request({"a", 1}, "load", "cluster"));
  line.ask("smoke", line.request({"a", 1}, "smoke", "cluster"));
  line.ask("other", line.request({"b", 1}, "other", "cluster"));
  EXPECT_EQ(line.granted, (Line::Names{"load"}));
  line.end("load");
  EXPECT_EQ(line.granted, (Line::Names{"load", "smoke"}));
  line.end("smoke");
  EXPECT_EQ(line.why("other"),
            "waits for lock cluster, held by a/1 staging until its environment is gone; next in line");
  kept.give_back();
  EXPECT_EQ(line.granted.back(), "other");
}

SlotRequest keeper(const RunId& run, const std::string& lock, std::set<std::string> later) {
  return {run, lock, true, lock, true, std::move(later), Time{}};
}

TEST(Slots, NoTwoRunsThatKeepALockCanWaitForEachOther) {
  Line line({9, {}, {}});
  line.ask("a.x", keeper({"a", 1}, "x", {"x", "y"}));
  line.ask("b.y", keeper({"b", 1}, "y", {"x", "y"}));
  EXPECT_EQ(line.granted, (Line::Names{"a.x"}));
  EXPECT_EQ(line.why("y"), "waits to take lock y: a/1 x may ask for it too, and each could then wait for the other");
  line.ask("a.y", keeper({"a", 1}, "y", {"x", "y"}));
  EXPECT_EQ(line.granted, (Line::Names{"a.x", "a.y"}));
  line.end("a.x");
  line.end("a.y");
  EXPECT_EQ(line.granted.back(), "b.y");
}

// Runs with random needs, at random moments: everything ends, and no limit is ever passed.
TEST(Slots, AnyMixOfRunsEnds) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const int places = 1 + static_cast<int>(random() % 4);
    Slots slots({places, {{"r0", 1}}, {{"l0", 1 + static_cast<int>(random() % 2)}}});
    struct Run {
      RunId id;
      std::vector<SlotRequest> stages;
      std::size_t at = 0;
      std::optional<Slots::Claim> claim;
      std::vector<Slots::Claim> kept;
    };
    std::vector<Run> runs(20);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      auto& run = runs[i];
      run.id = {"r" + std::to_string(random() % 4), static_cast<std::int64_t>(i) + 1};
      for (auto n = 1 + random() % 4; n > 0; --n) {
        const bool locks = random() % 4 != 0;
        run.stages.push_back(
            {run.id, "s", true, locks ? "l" + std::to_string(random() % 3) : "", locks && random() % 2 == 0, {}, {}});
      }
    }
    std::size_t left = runs.size();
    for (int step = 0; left > 0; ++step) {
      ASSERT_LT(step, 20'000) << "seed " << seed << ": " << left << " runs wait for each other";
      auto& run = runs[random() % runs.size()];
      if (run.at == run.stages.size()) continue;
      if (!run.claim) {
        auto request = run.stages[run.at];
        for (auto i = run.at; i < run.stages.size(); ++i) {
          if (!run.stages[i].lock.empty()) request.later.insert(run.stages[i].lock);
        }
        run.stages[run.at].later = request.later;
        run.claim = slots.ask(request, [] {});
      }
      if (!run.claim->granted()) continue;
      if (const auto& request = run.stages[run.at]; request.keeps) run.kept.push_back(slots.keep(request));
      std::map<std::string, std::set<RunId>> holders;
      int working = 0;
      for (auto& each : runs) {
        const bool works = each.claim && each.claim->granted();
        working += works ? 1 : 0;
        for (std::size_t i = 0; i < each.stages.size() && each.at < each.stages.size(); ++i) {
          const auto& request = each.stages[i];
          if ((i == each.at && works) || (i < each.at && request.keeps)) holders[request.lock].insert(each.id);
        }
      }
      ASSERT_LE(working, places);
      for (const auto& [lock, of] : holders) {
        if (lock.empty()) continue;
        ASSERT_LE(of.size(), lock == "l0" ? 2u : 1u) << lock;
      }
      run.claim.reset();
      if (++run.at < run.stages.size()) continue;
      run.kept.clear();
      --left;
    }
    EXPECT_TRUE(slots.waiting().empty());
  }
}

TEST(BranchOrder, TheFirstRunOfABranchIsTheOldest) {
  BranchOrder order;
  order.arrive({"a", 2}, "main");
  order.arrive({"a", 1}, "main");
  order.arrive({"a", 3}, "other");
  EXPECT_TRUE(order.first({"a", 1}));
  EXPECT_FALSE(order.first({"a", 2}));
  EXPECT_TRUE(order.first({"a", 3}));
  EXPECT_EQ(order.leave({"a", 1}), (RunId{"a", 2}));
  EXPECT_EQ(order.leave({"a", 1}), std::nullopt);
  EXPECT_EQ(order.leave({"a", 2}), std::nullopt);
}

}  // namespace
}  // namespace quietgate
