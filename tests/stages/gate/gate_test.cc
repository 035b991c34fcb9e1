#include "stages/gate/gate.h"
#include "stages/gate/judgement.h"

#include <gmock/gmock.h>

#include "tests/support/gate_prometheus.h"
#include "tests/support/specs.h"
#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct GateWorld {
  StageBench bench;
  GatePrometheus prometheus{bench.clock};
  GateSpec spec{"http://p:9090", {"*.yml"}, {"load"}, Milliseconds{5000}, {"application"}};
  std::map<std::string, StageOutcome> finished;

  GateWorld() {
    bench.write("checkout/a.yml", GatePrometheus::rules_file);
    finished["load"].window = Window{bench.clock.now(), bench.clock.now() + Milliseconds{20'000}};
  }
  GateJudgement judge() {
    auto request = bench.request(PromoteSpec{});
    request.finished = finished;
    Gate gate(prometheus, bench.clock);
    return bench.await(gate.judge(spec, request));
  }
};

TEST(Gate, IsQuietAfterTheQuietTimeIsOver) {
  GateWorld world;
  const auto begin = world.bench.clock.now();
  auto judgement = world.judge();
  EXPECT_EQ(judgement.verdict, GateVerdict::quiet) << world.bench.log.all();
  EXPECT_GE(world.bench.clock.now() - begin, Milliseconds{27'000}) << "20 s, 5 s quiet, two evaluations";
  EXPECT_LE(world.bench.clock.now() - begin, Milliseconds{29'000});
  EXPECT_THAT(world.bench.log.all(), AllOf(HasSubstr("waiting 27s for the rules to stay quiet, until 00:00:27Z"),
                                           HasSubstr("17s left"), HasSubstr("P3     ok")));
}

// What progress.json held when it was written last.
std::string last_progress(GateWorld& world) {
  std::string last;
  world.prometheus.before_rules = [&] {
    if (auto now = world.bench.read("attempt/progress.json"); !now.empty()) last = now;
  };
  world.judge();
  EXPECT_EQ(world.bench.read("attempt/progress.json"), "") << "it is over";
  return last;
}

TEST(Gate, TheProofTableFillsUpWhileItWaits) {
  GateWorld world;
  EXPECT_THAT(last_progress(world), AllOf(HasSubstr("\"id\":\"P5\""), HasSubstr("\"id\":\"QUIET\""),
                                          HasSubstr("\"duration_ms\":27000"), Not(HasSubstr("blind"))));
}

// It would ask as much of the server as the verdict, and hold that up.
TEST(Gate, AWaitOfAFewSecondsShowsNoTable) {
  const auto progress = [](Milliseconds quiet_for) {
    GateWorld world;
    const auto now = world.bench.clock.now();
    world.finished["load"].window = Window{now - Milliseconds{20'000}, now};
    world.spec.quiet_for = quiet_for;
    return last_progress(world);
  };
  EXPECT_EQ(progress(Milliseconds{2'000}), "");
  EXPECT_THAT(progress(Milliseconds{5'000}), HasSubstr("\"id\":\"P5\""));
}

TEST(Gate, ItShowsWhatIsMissingBeforeTheEnd) {
  GateWorld world;
  world.prometheus.instead["count(errors "] = [] {
    return GatePrometheus::body(200, R"({"status":"success","data":{"resultType":"matrix","result":[]}})");
  };
  EXPECT_THAT(last_progress(world), HasSubstr("HighErrors asks for errors"));
}

TEST(Gate, WhatTheTableSoFarCouldNotAskIsAskedAgainAtTheEnd) {
  GateWorld world;
  const auto until = world.bench.clock.now() + Milliseconds{10'000};
  int failed = 0;
  world.prometheus.before_rules = [&] {
    if (world.bench.clock.now() >= until) return world.prometheus.instead.clear();
    world.prometheus.instead["/api/v1/format_query"] = [&failed] {
      ++failed;
      return GatePrometheus::body(503, "busy");
    };
  };
  EXPECT_EQ(world.judge().verdict, GateVerdict::quiet) << world.bench.log.all();
  EXPECT_GT(failed, 0);
}

TEST(Gate, EveryBrokenAnswerIsBlind) {
  auto words = [](int status, std::string text) {
    return [status, text] { return GatePrometheus::body(status, text); };
  };
  const std::pair<const char*, const char*> asked[] = {
      {"/-/ready", "P1"},
      {"/api/v1/status/runtimeinfo", "P1"},
      {"time()", "P2"},
      {"/api/v1/rules", "P3"},
      {"/api/v1/format_query", "P3"},
      {"/api/v1/targets", "P7"},
      {"min_over_time", "P7"},
      {"count(errors ", "P6"},
      {"gate:heartbeat", "P5"},
      {"ALERTS", "QUIET"},
  };
  const std::function<Result<HttpResponse>()> broken[] = {
      words(500, "boom"),
      words(200, "<html>"),
      words(200, "{}"),
      words(200, R"({"status":"success","data":null})"),
      words(200, R"({"status":"success","data":{"resultType":"matrix","result":[]},"warnings":["partial"]})"),
      [] { return Result<HttpResponse>(infrastructure_error("http://p:9090 refused the connection")); }};
  for (const auto& [what, proof] : asked) {
    for (const auto& answer : broken) {
      GateWorld world;
      world.finished["load"].window->end = world.bench.clock.now() + Milliseconds{10'000};
      world.prometheus.instead[what] = answer;
      const bool fine = std::string(what) == "/-/ready" && answer().ok() && answer()->status == 200;
      auto judgement = world.judge();
      EXPECT_EQ(judgement.verdict, fine ? GateVerdict::quiet : GateVerdict::blind) << what << world.bench.log.all();
      if (fine) continue;
      bool named = false;
      for (const auto& row : judgement.proofs) named |= row.id == proof && row.verdict == GateVerdict::blind;
      EXPECT_TRUE(named) << what << " " << world.bench.log.all();
    }
  }
}

TEST(Gate, AFiringAlertEndsTheWaiting) {
  GateWorld world;
  world.prometheus.alerts = R"({"labels":{},"state":"firing","activeAt":"2026-01-01T00:00:01Z","value":"7"})";
  const auto begin = world.bench.clock.now();
  auto judgement = world.judge();
  EXPECT_EQ(judgement.verdict, GateVerdict::loud);
  EXPECT_EQ(said_by(judgement), "loud: HighErrors is firing since 00:00:01Z, value 7");
  EXPECT_LT(world.bench.clock.now() - begin, Milliseconds{1000});
}

TEST(Gate, WaitsForWhatIsPendingAndNoLonger) {
  GateWorld world;
  world.prometheus.alerts = R"({"labels":{},"state":"pending","activeAt":"2026-01-01T00:00:24Z","value":"7"})";
  const auto begin = world.bench.clock.now();
  auto judgement = world.judge();
  EXPECT_EQ(judgement.verdict, GateVerdict::loud);
  EXPECT_THAT(said_by(judgement), HasSubstr("HighErrors was still pending"));
  EXPECT_GE(world.bench.clock.now() - begin, Milliseconds{30'000}) << "`for` and two evaluations more";
  EXPECT_LE(world.bench.clock.now() - begin, Milliseconds{33'000});
}

TEST(Gate, IsBlindBeforeAskingWhenThereIsNothingToJudge) {
  GateWorld world;
  world.spec.during = {"load", "metrics"};
  EXPECT_EQ(said_by(world.judge()), "blind: stage `metrics` left no window to judge");
  world.spec.during = {};
  EXPECT_EQ(said_by(world.judge()), "blind: the gate names no stage in `during`");
  world.spec.during = {"load"};
  world.spec.rules = {"alerts/*.yml"};
  EXPECT_EQ(said_by(world.judge()), "blind: no file of the commit matches `alerts/*.yml`");
  EXPECT_EQ(world.prometheus.asked, 0);
}

TEST(Gate, JoinsWindows) {
  GateSpec spec{"", {}, {"a", "b"}, Milliseconds{5000}, {}};
  std::map<std::string, StageOutcome> finished;
  finished["a"].window = Window{Time{Milliseconds{1000}}, Time{Milliseconds{9000}}};
  finished["b"].window = Window{Time{Milliseconds{3000}}, Time{Milliseconds{20'000}}};
  EXPECT_EQ(gate_window(spec, finished).value(), (Window{Time{Milliseconds{1000}}, Time{Milliseconds{25'000}}}));
}

TEST(Gate, AClockFarBehindIsBlindInsteadOfAnEndlessWait) {
  GateWorld world;
  world.prometheus.instead["time()"] = [] {
    return GatePrometheus::body(200, R"({"status":"success","data":{"resultType":"scalar","result":[1,"1"]}})");
  };
  EXPECT_THAT(said_by(world.judge()), HasSubstr("by the clock of Prometheus, the window ends"));
}

}  // namespace
}  // namespace quietgate
