// A gate and the watch of its stage read one server: what one has read serves the other, and nobody reads for nothing.
#include "stages/gate/watched_rules.h"

#include <gmock/gmock.h>

#include "stages/gate/gate.h"
#include "stages/gate/judgement.h"
#include "stages/gate/rule_watch.h"
#include "tests/support/gate_prometheus.h"
#include "tests/support/specs.h"
#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

RulesSnapshot evaluated_every(double seconds) {
  LoadedRule rule;
  rule.interval = seconds;
  return std::make_shared<const std::vector<LoadedRule>>(1, rule);
}

TEST(WatchedRules, AReadingServesWhileItIsYoung) {
  Stop over;
  WatchedRules watched(over);
  const Time asked{Milliseconds{1'000'000}};
  const auto quick = evaluated_every(1);
  const auto slow = evaluated_every(15);
  watched.add("http://q", asked, quick);
  watched.add("http://s", asked, slow);
  EXPECT_EQ(watched.newest("http://other", asked), nullptr);
  EXPECT_EQ(watched.newest("http://q", asked + Milliseconds{1'000}), quick);
  EXPECT_EQ(watched.newest("http://q", asked + Milliseconds{1'001}), nullptr);
  EXPECT_EQ(watched.newest("http://s", asked + Milliseconds{7'500}), slow);
  EXPECT_EQ(watched.newest("http://s", asked + Milliseconds{7'501}), nullptr);
  EXPECT_EQ(watched.newest("http://q", asked - Milliseconds{1}), nullptr) << "a clock that went back";
  watched.add("http://q", asked + Milliseconds{2'000}, slow);
  EXPECT_EQ(watched.newest("http://q", asked + Milliseconds{2'001}), slow);
}

// Judges, and then waits as for an approval.
class Judged final : public StageKind, public GatedStage {
 public:
  Judged(Http& http, Clock& clock, GateSpec spec) : http_(http), clock_(clock), spec_(std::move(spec)) {}
  Task<StageOutcome> run(StageRequest) override { throw std::logic_error("it is watched"); }
  Task<StageOutcome> run_watched(StageRequest request, WatchedRules& watched) override {
    Gate gate(http_, clock_);
    GateSpec spec = spec_;
    judgement = co_await gate.judge(std::move(spec), request, &watched);
    ended = clock_.now();
    if (after) after();
    co_await clock_.sleep(Milliseconds(5'000), *request.stop);
    co_return StageOutcome();
  }
  GateJudgement judgement;
  Time ended{};
  std::function<void()> after;

 private:
  Http& http_;
  Clock& clock_;
  GateSpec spec_;
};

struct World {
  StageBench bench;
  GatePrometheus prometheus{bench.clock};
  GateSpec spec{"http://p:9090", {"*.yml"}, {"load"}, Milliseconds{5'000}, {"application"}};
  Judged judged{prometheus, bench.clock, spec};
  WatchedStage watched{judged, prometheus, bench.clock, nullptr, &judged};
  const Time begin = bench.clock.now();
  int readings = 0;         // of the rules, while it is judged
  int later = 0;            // after that
  bool later_gate = false;  // whether a stage that waits for this one has a gate of the same server

  World() { bench.write("checkout/a.yml", GatePrometheus::rules_file); }
  Milliseconds since_begin() const { return std::chrono::duration_cast<Milliseconds>(bench.clock.now() - begin); }
  void run(std::function<void()> before_rules = {}) {
    bool over = false;
    prometheus.before_rules = [this, &over, before_rules] {
      ++(over ? later : readings);
      if (before_rules) before_rules();
    };
    judged.after = [&over] { over = true; };
    if (later_gate) {
      StageSpec next;
      next.name = "next";
      next.needs = {"stage"};
      next.body = PromoteSpec{"production", spec, Approval::none};
      Plan plan;
      plan.stages = {next};
      bench.history = {{1, {}, RunRequested{{"sample", 7}, "main", std::string(40, 'a'), "x"}},
                       {2, {}, PlanCompiled{{"sample", 7}, plan}}};
    }
    auto request = bench.request(PromoteSpec{"production", spec, Approval::none});
    request.finished["load"].window = Window{begin, begin + Milliseconds{20'000}};
    bench.await(watched.run(std::move(request)));
  }
};

TEST(GateAndWatch, ReadTheServerOnceForBoth) {
  World world;
  world.run();
  EXPECT_EQ(world.judged.judgement.verdict, GateVerdict::quiet) << world.bench.log.all();
  EXPECT_GE(world.readings, 27 * 3 - 3) << "each evaluation is seen";
  EXPECT_LE(world.readings, 27 * 3 + 4) << "and the gate itself reads at the end";
}

TEST(GateAndWatch, NobodyReadsForAGateThatHasJudged) {
  World world;
  world.run();
  EXPECT_EQ(world.later, 0);
  World with_another;
  with_another.later_gate = true;
  with_another.run();
  EXPECT_GE(with_another.later, 12) << "a later gate judges by what happens now";
}

// What the watch read just before does not hold it yet.
TEST(GateAndWatch, WhetherAnAlertIsPendingAtTheEndIsReadAnew) {
  World world;
  world.run([&world] {
    const bool pending = world.since_begin() >= Milliseconds{27'000} && world.since_begin() < Milliseconds{28'500};
    world.prometheus.alerts =
        pending ? R"({"labels":{},"state":"pending","activeAt":"2026-01-01T00:00:24Z","value":"7"})" : "";
  });
  EXPECT_EQ(world.judged.judgement.verdict, GateVerdict::quiet) << world.bench.log.all();
  EXPECT_GE(world.judged.ended - world.begin, Milliseconds{28'500}) << "it was given the time to clear";
}

TEST(GateAndWatch, AnAlertThatTheWatchSawFiringEndsTheWaiting) {
  World world;
  world.run([&world] {
    if (world.since_begin() >= Milliseconds{10'000})
      world.prometheus.alerts = R"({"labels":{},"state":"firing","activeAt":"2026-01-01T00:00:10Z","value":"7"})";
  });
  EXPECT_EQ(said_by(world.judged.judgement), "loud: HighErrors is firing since 00:00:10Z, value 7");
  EXPECT_LE(world.judged.ended - world.begin, Milliseconds{11'500});
}

TEST(GateAndWatch, WhatTheWatchCantReadTheGateTriesItself) {
  World world;
  world.run([&world] {
    world.prometheus.instead.clear();
    if (world.since_begin() < Milliseconds{5'000} || world.since_begin() > Milliseconds{8'000}) return;
    world.prometheus.instead["/api/v1/rules"] = [] {
      return Result<HttpResponse>(infrastructure_error("http://p:9090 refused the connection"));
    };
  });
  EXPECT_THAT(world.bench.log.all(),
              testing::HasSubstr("the rules can't be polled: http://p:9090 refused the connection"));
  EXPECT_EQ(world.judged.judgement.verdict, GateVerdict::quiet) << "its heartbeat went on";
}

}  // namespace
}  // namespace quietgate
