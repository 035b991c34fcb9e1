#include "stages/verify/verify.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/scripted_load.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

class Verify : public testing::Test {
 protected:
  Verify() {
    spec.prometheus = "http://prometheus";
    spec.during = "load";
    spec.checks = {{"error ratio", "errors", {Bound::Relation::less, 0.01, "< 0.01"}}};
    load.outcome = Outcome::passed;
    load.window = Window{clock.now() - Milliseconds(50'000), clock.now() - Milliseconds(5'000)};
    prometheus.value = [](double) { return 0.0; };
  }
  StageOutcome run() {
    auto request = bench.request(spec, "metrics");
    request.finished["load"] = load;
    return await_in_time(bench, clock, VerifyStage(prometheus, clock).run(request));
  }
  StageBench bench;
  FakeClock clock{bench.loop.get_executor()};
  ScriptedPrometheus prometheus{clock};
  StageOutcome load;
  VerifySpec spec;
};

TEST_F(Verify, JudgesTheLoadsWindow) {
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::passed);
  EXPECT_EQ(outcome.reason, "error ratio 0.000 < 0.01 at all 46 samples, highest 0.000");
  EXPECT_EQ(outcome.window, load.window);
  auto samples = bench.read("attempt/measurements.ndjson");
  EXPECT_EQ(std::count(samples.begin(), samples.end(), '\n'), 46);
  EXPECT_EQ(samples.substr(0, samples.find('\n')), R"({"series":"error ratio","t":1767225550000,"v":0})");
}

TEST_F(Verify, JudgesTheLastSpan) {
  spec.during.clear();
  spec.last = Milliseconds(20'000);
  prometheus.ahead = 7;
  auto outcome = run();
  EXPECT_EQ(outcome.reason, "error ratio 0.000 < 0.01 at all 21 samples, highest 0.000");
  EXPECT_EQ(outcome.window->end, clock.now() + Milliseconds(7'000));
}

TEST_F(Verify, WaitsUntilTheServersClockIsPastTheWindow) {
  load.window->end = clock.now() + Milliseconds(5'000);
  prometheus.ahead = -3;
  auto began = clock.now();
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::passed);
  EXPECT_GE(clock.now(), began + Milliseconds(8'000));
  load.window->end = clock.now() + Milliseconds(3'600'000);
  EXPECT_EQ(run().outcome, Outcome::inconclusive);
}

TEST_F(Verify, EveryCheckIsShownAndTheWorstWins) {
  spec.checks.push_back({"rate", "rate", {Bound::Relation::greater, 5, "> 5"}});
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  ASSERT_EQ(outcome.checks.size(), 2u);
  EXPECT_EQ(outcome.checks[0].outcome, Outcome::passed);
  EXPECT_EQ(outcome.reason, "rate 0 <= 5 at 46 of 46 samples, first 0ms into the window, lowest 0");
}

TEST_F(Verify, AbsenceNeverPasses) {
  auto answer = [](int status, std::string body) {
    return [=]() -> Result<HttpResponse> {
      HttpResponse response;
      response.status = status;
      response.body = body;
      return response;
    };
  };
  auto empty = ScriptedPrometheus::answer("matrix", "[]");
  std::vector<std::function<Result<HttpResponse>()>> answers{
      answer(200, empty),
      answer(200, ScriptedPrometheus::answer("matrix", R"([{"metric":{},"values":[]}])")),
      answer(200, "garbage"),
      answer(200, ""),
      answer(503, "overloaded"),
      answer(422, R"({"status":"error","errorType":"execution","error":"many-to-many matching"})"),
      answer(
          200,
          R"({"status":"success","warnings":["partial"],"data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"0"]]}]}})"),
      [] { return infrastructure_error("http://prometheus: connection refused"); }};
  for (auto& instead : answers) {
    prometheus.instead = instead;
    auto outcome = run();
    EXPECT_EQ(outcome.outcome, Outcome::inconclusive) << outcome.reason;
    EXPECT_FALSE(outcome.reason.empty());
  }
  prometheus.instead = nullptr;
  prometheus.value = [](double) { return std::nan(""); };
  EXPECT_EQ(run().outcome, Outcome::inconclusive);
}

TEST_F(Verify, AStageWithoutAWindowIsInconclusive) {
  load.window.reset();
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive);
  EXPECT_EQ(outcome.reason, "stage `load` left no window to judge");
  spec.checks.clear();
  load.window = Window{clock.now() - Milliseconds(50'000), clock.now()};
  EXPECT_EQ(run().outcome, Outcome::inconclusive) << "nothing checked is nothing passed";
}

}  // namespace
}  // namespace quietgate
