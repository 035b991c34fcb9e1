// Several loads of one stage, their courses, and their other sources.
#include <fmt/format.h>

#include "tests/support/load_world.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

using Loads = Load;

TEST_F(Loads, IsRepeatedAndEachLoadIsJudged) {
  repeated(3);
  spec.expect = {{"p95", {Bound::Relation::less_equal, 250, "<= 250ms"}}};
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  ASSERT_EQ(locust.ran.size(), 3u);
  EXPECT_EQ(locust.ran[0].name, bench.step("locust", "load"));
  EXPECT_EQ(locust.ran[2].name, bench.step("locust-3", "load"));
  EXPECT_EQ(locust.ran[2].environment.at("QUIETGATE_LOAD_FILE"), bench.root + "/attempt/locust-3.ndjson");
  EXPECT_EQ(outcome.measured.at("p95"), (std::vector<double>{61, 61, 61}));
  EXPECT_EQ(outcome.measured.at("requests_per_second").size(), 3u);
  EXPECT_EQ(outcome.checks[1].sentence,
            "p95 61 ms <= 250 ms over 10 s (1,000 requests) (the first of 3 loads; the others hold too)");
  EXPECT_TRUE(said("load 2 of 3: Locust: 40 users")) << bench.log.all();
  EXPECT_TRUE(said("load 3 of 3: 5s of 10s: 40 users")) << bench.log.all();
  auto progress = bench.read("attempt/progress.json");
  EXPECT_NE(progress.find("\"load\":3,\"loads\":3"), std::string::npos) << progress;
}

TEST_F(Loads, OfSeveralLoadsTheWorstDecides) {
  repeated(3, [](std::size_t number) { return number == 2 ? 50 : 100; });
  spec.expect = {{"requests", {Bound::Relation::greater_equal, 900, ">= 900"}}};
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "requests 500 < 900 over 10 s (load 2 of 3)");
}

// A service that is compared with another gets its loads in turns with it: A B, B A, A B, ...
TEST_F(Loads, TakesTurnsWithTheBaselinesService) {
  repeated(5);
  spec.baseline = LoadBaseline{{"p95", "failure_ratio"}, 0.1, "http://127.0.0.1:2"};
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << bench.log.all();
  ASSERT_EQ(locust.ran.size(), 10u);
  std::string order;
  for (const auto& process : locust.ran) {
    auto host = std::find(process.argv.begin(), process.argv.end(), "--host");
    order += *(host + 1) == "http://127.0.0.1:2" ? 'B' : 'A';
  }
  EXPECT_EQ(order, "ABBAABBAAB");
  EXPECT_EQ(outcome.measured.at("p95").size(), 5u) << "the candidate's only";
  EXPECT_EQ(outcome.checks.front().sentence, "1,000 requests in 10 s (the first of 5 loads; the others hold too)");
  const auto& last = outcome.checks[outcome.checks.size() - 2];
  EXPECT_EQ(
      last.sentence,
      "p95 against http://127.0.0.1:2: no regression: median 61 ms against 61 ms, shift 0 ms (+0.0 %), p 1.0000 (q "
      "1.0000 of 2 measures), 5 loads against 5");
  EXPECT_NE(bench.read("attempt/measurements.ndjson").find("baseline.load.p95_ms"), std::string::npos);
}

TEST_F(Loads, WithoutPromotedLoadsThereIsNotEnoughData) {
  repeated(5);
  spec.baseline = LoadBaseline{{"p95"}, 0.1, {}};
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_EQ(outcome.checks.back().sentence,
            "p95 against promoted commits: not enough data: 5 loads against 0, at least 5 on each side are needed; the "
            "absolute bounds decide");
}

// Against a service with a p95, a commit that is too slow to have one is not the better for it.
TEST_F(Loads, ACommitTooSlowToBeComparedDoesNotPass) {
  repeated(5, [this](std::size_t) {
    const auto& argv = locust.ran.back().argv;
    return *(std::find(argv.begin(), argv.end(), "--host") + 1) == "http://127.0.0.1:2" ? 100 : 4;
  });
  spec.baseline = LoadBaseline{{"p95"}, 0.1, "http://127.0.0.1:2"};
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive) << outcome.reason;
  EXPECT_EQ(outcome.reason,
            "p95 against http://127.0.0.1:2: cannot be compared: load 1 of 10 had 40 requests after the warm-up, p95 "
            "needs 59");
}

// The first seconds, with one replica, are not what is to be judged.
TEST_F(Loads, TheSteadyStateBeginsWithTheFirstNewReplica) {
  scaled();
  LocustRowWriter rows;
  rows.loaded().started(seconds_of(clock.now()) + 0.5);
  for (int second = 0; second < 10; ++second) {
    rows.second(std::vector<double>(100, second < 4 ? 900 : 20), 0, 0, 40);
  }
  rows.stopping(10).final().exit(0);
  locust.lines = {{Milliseconds(10'600), rows.text()}};
  locust.ends_at = Milliseconds(10'700);
  spec.expect = {{"p95", {Bound::Relation::less_equal, 100, "<= 100ms"}}};
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_EQ(outcome.checks[1].sentence, "p95 20 ms <= 100 ms over 6 s (600 requests)");
}

TEST_F(Loads, AScheduleIsHandedToTheListener) {
  healthy_locust();
  spec.phases = {{Milliseconds(4'000), 0, 0, 50, 50}, {Milliseconds(6'000), 0, 0, 50, 200}};
  spec.workers.count = 2;
  run();
  ASSERT_EQ(locust.ran.size(), 1u);
  EXPECT_EQ(locust.ran[0].environment.at("QUIETGATE_LOAD"),
            R"({"arrivals":[[4.0,50.0,50.0],[6.0,50.0,200.0]],"duration":10.0,"start":true,"workers":2})");
  EXPECT_TRUE(
      said("Locust: 50 tasks a second for 4s, then 50 to 200 tasks a second in 6s, at most 40 users, 2 workers"))
      << bench.log.all();
}

TEST_F(Loads, WorkersOfElsewhereJoinAtAnAddress) {
  healthy_locust();
  spec.workers = {3, "0.0.0.0:5557"};
  run();
  ASSERT_EQ(locust.ran.size(), 1u);
  const auto& argv = locust.ran[0].argv;
  auto bind = std::find(argv.begin(), argv.end(), "--master-bind-host");
  ASSERT_NE(bind, argv.end());
  EXPECT_EQ(bind[1], "0.0.0.0");
  EXPECT_EQ(bind[3], "5557");
  EXPECT_EQ(locust.ran[0].environment.at("QUIETGATE_LOAD"), R"({"duration":10.0,"start":false,"workers":3})");
  spec.workers.join = "nowhere";
  EXPECT_EQ(run().reason, "workers can't join at `nowhere`");
}

TEST_F(Loads, K6IsNamedWhenItIsMissing) {
  spec.locustfile.clear();
  spec.k6 = "load.js";
  EXPECT_EQ(run().reason, "there is no k6 script `load.js` in the commit");
  bench.write("checkout/load.js", "");
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::error);
  EXPECT_EQ(outcome.reason, "k6 is not on the PATH of this runner");
}

// A k6 of ours that writes what k6 writes.
TEST_F(Loads, K6IsMeasuredByItsPoints) {
  spec.locustfile.clear();
  spec.k6 = "load.js";
  spec.duration = Milliseconds(2'000);
  bench.write("checkout/load.js", "");
  bench.write("bin/k6", "");
  std::filesystem::permissions(bench.root + "/bin/k6", std::filesystem::perms::owner_all);
  std::string points;
  for (int i = 0; i < 100; ++i) {
    points += fmt::format(
        R"({{"metric":"http_req_duration","type":"Point","data":{{"time":"2026-01-01T00:00:{:02}.{:02}Z","value":30,)"
        R"("tags":{{"method":"GET","name":"/","expected_response":"true"}}}}}})"
        "\n",
        i / 50, i % 50 * 2);
  }
  locust.lines = {{Milliseconds(500), points}};
  locust.ends_at = Milliseconds(2'500);
  spec.expect = {{"p95", {Bound::Relation::less_equal, 100, "<= 100ms"}}};
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_EQ(locust.ran[0].argv[1], "run");
  EXPECT_EQ(locust.ran[0].argv[5], "--out");
  EXPECT_EQ(outcome.checks[0].sentence.substr(0, 12), "100 requests");
}

}  // namespace
}  // namespace quietgate
