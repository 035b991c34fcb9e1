// Drills in fake time: a fault that is a script, and a Prometheus that answers what the test says.
#include "stages/fault/fault.h"

#include <gmock/gmock.h>

#include "tests/support/fake_steps.h"
#include "tests/support/gate_prometheus.h"
#include "tests/support/scripted_load.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Drill : public testing::Test {
 protected:
  Drill() {
    spec.command.shell = "break it";
    spec.undo = Command{"mend it", {}, {}};
    spec.prometheus = "http://p:9090";
    spec.alerts = {"HighErrors"};
    spec.within = Milliseconds{10'000};
    prometheus.before_rules = [this] {
      const bool broken = !steps.started.empty() && steps.ended.empty();
      const auto since = clock.now() - began;
      if (broken && was_broken == false) broke = clock.now();
      was_broken = broken;
      const bool fires = broken ? clock.now() - broke >= fires_after : since < lingers && !steps.ended.empty();
      if (broken) began = clock.now();
      prometheus.alerts = fires || active_before ? alert : std::string();
    };
  }
  StageOutcome run() {
    auto request = bench.request(spec, "drill");
    return await_in_time(bench, clock, FaultStage(steps, prometheus, clock).run(request), each);
  }

  static constexpr const char* alert =
      R"({"labels":{"alertname":"HighErrors"},"state":"firing","activeAt":"2026-01-01T00:00:00Z","value":"9"})";
  StageBench bench;
  FakeClock clock{bench.loop.get_executor()};
  FakeSteps steps;
  GatePrometheus prometheus{clock};
  FaultSpec spec;
  StepName fault = StageBench::step("1-fault", "drill");
  Milliseconds fires_after{3'000};
  Milliseconds lingers{0};
  bool active_before = false;
  bool was_broken = false;
  Time began{}, broke{};
  std::function<void()> each;
};

TEST_F(Drill, AnAlertThatHearsItPassesAndIsTimed) {
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_THAT(outcome.reason, testing::MatchesRegex(
                                  R"(1 of 1 alerts detected the fault, the slowest after 3\.[0-9] s \(HighErrors\))"));
  ASSERT_EQ(outcome.checks.size(), 1U);
  EXPECT_EQ(outcome.checks[0].name, "HighErrors");
  EXPECT_EQ(outcome.checks[0].expected, "fires within 10s");
  ASSERT_EQ(steps.ran.size(), 1U) << "the undo";
  EXPECT_THAT(steps.ran[0].argv, testing::Contains("mend it"));
  EXPECT_THAT(steps.ended, ElementsAre(fault));
  EXPECT_THAT(bench.read("attempt/measurements.ndjson"), HasSubstr("fault.detection_s {alertname=\\\"HighErrors\\\"}"));
}

TEST_F(Drill, AnAlertThatDoesNotHearItFails) {
  fires_after = Milliseconds{11'000};
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "0 of 1 alerts detected the fault: not within 10s: HighErrors");
  EXPECT_EQ(outcome.checks.at(0).observed, "did not fire");
  EXPECT_EQ(steps.ran.size(), 1U) << "it is mended all the same";
}

TEST_F(Drill, NothingIsBrokenWhereItCouldNotBeHeard) {
  active_before = true;
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive);
  EXPECT_EQ(outcome.reason, "the fault was not begun: HighErrors was already active");
  active_before = false;
  spec.alerts = {"HighErrors", "NoSuchAlert"};
  EXPECT_EQ(run().reason, "the fault was not begun: http://p:9090 has no alert NoSuchAlert");
  prometheus.instead["/api/v1/rules"] = [] { return GatePrometheus::body(503, "busy"); };
  EXPECT_EQ(run().outcome, Outcome::inconclusive);
  EXPECT_THAT(steps.started, IsEmpty());
  EXPECT_THAT(steps.ran, IsEmpty()) << "there is nothing to mend";
}

TEST_F(Drill, AFaultThatFailsProvesNothing) {
  each = [this] {
    if (!steps.started.empty()) steps.exits[steps.started[0].name] = exited(3);
  };
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_THAT(outcome.reason, HasSubstr("the fault ended by itself: exit status 3"));
  EXPECT_EQ(steps.ran.size(), 1U);
}

TEST_F(Drill, AFaultThatIsDoneAtOnceGoesOnBeingHeard) {
  each = [this] {
    if (!steps.started.empty()) steps.exits[steps.started[0].name] = exited(0);
  };
  EXPECT_EQ(run().outcome, Outcome::passed);
}

TEST_F(Drill, AnUndoThatFailsIsTold) {
  steps.script = [](const StepSpec&) { return exited(7); };
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_THAT(outcome.reason, HasSubstr("`undo` failed: exit status 7"));
}

TEST_F(Drill, TheEndOfTheAlertsIsWaitedFor) {
  spec.resolved_within = Milliseconds{5'000};
  lingers = Milliseconds{2'000};
  EXPECT_THAT(run().reason, testing::MatchesRegex(R"(.*; resolved [12]\.[0-9] s after its end)"));
  lingers = Milliseconds{60'000};
  steps = {};
  std::filesystem::remove_all(bench.root + "/attempt");
  std::filesystem::create_directories(bench.root + "/attempt/steps");
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_THAT(outcome.reason, HasSubstr("HighErrors still active 5s after its end"));
}

TEST_F(Drill, RulesThatCouldNotBeReadMakeAMissInconclusive) {
  fires_after = Milliseconds{60'000};
  each = [this] {
    if (!steps.started.empty() && prometheus.instead.empty())
      prometheus.instead["/api/v1/rules"] = [] { return GatePrometheus::body(503, "busy"); };
  };
  EXPECT_EQ(run().outcome, Outcome::inconclusive);
}

TEST_F(Drill, ACancelMendsWhatWasBroken) {
  fires_after = Milliseconds{60'000};
  each = [this] {
    if (!steps.started.empty()) bench.stop.request(StopReason::cancel, "cancelled by ana");
  };
  EXPECT_THROW(run(), Stopped);
  EXPECT_EQ(steps.ended.size(), 1U);
  EXPECT_EQ(steps.ran.size(), 1U);
}

TEST_F(Drill, ARunnerThatTakesItUpAgainBreaksNothingTwice) {
  bench.write("attempt/fault-began", std::to_string(clock.now().time_since_epoch().count()));
  Stop never;
  StepSpec before;
  before.name = fault;
  ASSERT_TRUE(bench.await(steps.start(before, never)).ok());
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_EQ(steps.started.size(), 1U);
  bench.write("attempt/fault-ended", "1767225600000");
  EXPECT_EQ(run().outcome, Outcome::inconclusive) << "what was heard is forgotten";
}

}  // namespace
}  // namespace quietgate
