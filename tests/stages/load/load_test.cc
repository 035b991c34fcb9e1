#include "stages/load/load.h"

#include "runner/adapters/memory/memory_load_metrics.h"
#include "runner/base/program_path.h"
#include "stages/load/locust_scripts.h"
#include "tests/support/fake_alert_feed.h"
#include "tests/support/load_world.h"

namespace quietgate {
namespace {

TEST_F(Load, RunsLocustAndJudgesIt) {
  healthy_locust();
  spec.expect = {{"p95", {Bound::Relation::less_equal, 250, "<= 250ms"}}};
  auto begin = clock.now() + Milliseconds(500);
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_EQ(outcome.reason, "1,000 requests in 10 s; p95 61 ms <= 250 ms over 10 s (1,000 requests)");
  ASSERT_TRUE(outcome.window);
  EXPECT_EQ(outcome.window->begin, begin);
  EXPECT_EQ(outcome.window->end, begin + Milliseconds(10'000));
  EXPECT_TRUE(said("5s of 10s: 40 users, 100 req/s, p95 61 ms, 0 failed")) << bench.log.all();
  EXPECT_TRUE(said("passed: p95 61 ms <= 250 ms"));
  ASSERT_EQ(locust.ran.size(), 1u);
  const auto& process = locust.ran[0];
  std::vector<std::string> wanted{
      bench.root + "/bin/locust",
      "--headless",
      "--only-summary",
      "--exit-code-on-error",
      "0",
      "-u",
      "40",
      "-r",
      "20",
      "--host",
      "http://127.0.0.1:1",
      "-f",
      bench.root + "/attempt/quietgate_listener.py," + bench.root + "/checkout/load/locustfile.py"};
  EXPECT_EQ(process.argv, wanted);
  EXPECT_EQ(process.environment.at("QUIETGATE_LOAD"), R"({"duration":10.0})");
  EXPECT_EQ(process.stop_signal, SIGINT);
  EXPECT_EQ(process.log, log_of(AttemptId{{"sample", 7}, "load", 1}));
  EXPECT_EQ(bench.read("attempt/quietgate_listener.py"), locust_listener());
}

TEST_F(Load, LeavesItsMeasurementsAndProgress) {
  healthy_locust();
  run();
  auto progress = bench.read("attempt/progress.json");
  EXPECT_NE(progress.find("\"elapsed_ms\":10000"), std::string::npos) << progress;
  auto samples = bench.read("attempt/measurements.ndjson");
  EXPECT_NE(samples.find("{\"series\":\"load.users\",\"t\":1767225601500,\"v\":40}\n"), std::string::npos) << samples;
  for (const auto* series :
       {"load.requests_per_second", "load.failures_per_second", "load.p50_ms", "load.p95_ms", "load.p99_ms"}) {
    EXPECT_NE(samples.find(series), std::string::npos) << series;
  }
  EXPECT_EQ(std::count(samples.begin(), samples.end(), '\n'), 60);
}

TEST_F(Load, JudgesAutoscalingUntilItHasSettled) {
  healthy_locust();
  scaled();
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << bench.log.all();
  ASSERT_EQ(outcome.checks.size(), 4u);
  EXPECT_EQ(outcome.checks[1].sentence, "1 -> 3 replicas in 4s <= 8s");
  EXPECT_EQ(outcome.checks[2].name, "settle");
  EXPECT_TRUE(said("1 replica before the load"));
  EXPECT_TRUE(said("waiting for 1 replica: 3 now, 0ms of 20s") || said("waiting for 1 replica: 3 now, 1s of 20s"))
      << bench.log.all();
  EXPECT_NE(bench.read("attempt/measurements.ndjson").find("\"replicas\""), std::string::npos);
  // It did not wait the whole 20 s after the load: settled at 17 s, steady for 3 s.
  EXPECT_LT(seconds_of(clock.now()), seconds_of(outcome.window->end) + 13);
}

TEST_F(Load, FailsWhenReplicasStay) {
  healthy_locust();
  scaled();
  double start = seconds_of(clock.now());
  prometheus.value = [start](double at) { return at - start < 4 ? 1.0 : 3.0; };
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "3 replicas instead of 1 20s after the load ended");
}

TEST_F(Load, WaitsForTheReplicasThatAnEarlierLoadLeft) {
  healthy_locust();
  scaled();
  double start = seconds_of(clock.now());
  prometheus.value = [start](double at) {
    double passed = at - start;
    return passed < 0.4 || (passed >= 4 && passed <= 17) ? 3.0 : 1.0;
  };
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << bench.log.all();
  EXPECT_TRUE(said("already 3 replicas before the load: waiting for 1 replica, at most 20s")) << bench.log.all();
  EXPECT_TRUE(said("1 replica before the load")) << bench.log.all();
}

TEST_F(Load, PutsNoLoadOnReplicasThatStay) {
  healthy_locust();
  scaled();
  prometheus.value = [](double) { return 4.0; };
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive);
  EXPECT_NE(outcome.reason.find(
                "already 4 replicas before the load, and not 1 replica within 20s: reaching 3 would prove nothing"),
            std::string::npos)
      << outcome.reason;
  EXPECT_TRUE(locust.ran.empty());
}

TEST_F(Load, SpeaksTheServersTime) {
  healthy_locust();
  scaled();
  prometheus.ahead = 100;
  auto begin = clock.now() + Milliseconds(500);
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_EQ(outcome.window->begin, begin + Milliseconds(100'000));
}

TEST_F(Load, NoReplicaCountIsKnownBeforeAnyLoad) {
  healthy_locust();
  scaled();
  prometheus.instead = [] {
    HttpResponse response;
    response.status = 200;
    response.body = ScriptedPrometheus::answer("vector", "[]");
    return response;
  };
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive);
  EXPECT_NE(outcome.reason.find("gave no data before the load, for 30s"), std::string::npos) << outcome.reason;
  EXPECT_TRUE(locust.ran.empty());
}

TEST_F(Load, APrometheusThatDiesIsInconclusive) {
  healthy_locust();
  scaled();
  auto dead = clock.now() + Milliseconds(5'000);
  auto outcome = await_in_time(bench, clock, LoadStage(locust, prometheus, clock).run(request()), [&] {
    if (clock.now() < dead) return;
    prometheus.instead = [] { return infrastructure_error("http://prometheus: connection refused"); };
  });
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive);
  EXPECT_NE(outcome.reason.find("connection refused"), std::string::npos) << outcome.reason;
  EXPECT_EQ(outcome.checks[0].outcome, Outcome::passed) << "what could be judged is shown";
}

// It answers the last sample from before for five minutes: no answer has a hole.
TEST_F(Load, APrometheusThatWasStartedAgainIsInconclusive) {
  healthy_locust();
  scaled();
  const double start = seconds_of(clock.now());
  prometheus.sampled = [start](double at) { return at - start > 5 && at - start < 14 ? start + 5 : at; };
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive);
  EXPECT_EQ(outcome.reason, "no replica count from 5s to 14s after the load began");
  EXPECT_EQ(outcome.checks[1].outcome, Outcome::passed) << "three were seen before";
}

TEST_F(Load, AMissingLocustfileIsTheCommitsFault) {
  spec.locustfile = "load/none.py";
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "there is no locustfile `load/none.py` in the commit");
  EXPECT_TRUE(locust.ran.empty());
}

TEST_F(Load, ALocustfileMustBeInTheCheckout) {
  bench.write("outside.py", "");
  std::filesystem::create_symlink(bench.root + "/outside.py", bench.root + "/checkout/link.py");
  for (const auto* path : {"../outside.py", "link.py", "/etc/passwd"}) {
    spec.locustfile = path;
    auto outcome = run();
    EXPECT_EQ(outcome.outcome, Outcome::failed) << path;
  }
  spec.locustfile = "load";
  EXPECT_EQ(run().outcome, Outcome::failed);
  bench.write("checkout/my_locust.py", "");
  spec.locustfile = "my_locust.py";
  EXPECT_EQ(run().reason, "Locust can't load a file named `my_locust.py`");
  EXPECT_TRUE(locust.ran.empty());
}

TEST_F(Load, SaysHowToInstallLocust) {
  std::filesystem::remove(bench.root + "/bin/locust");
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::error);
  EXPECT_EQ(outcome.reason, "Locust is not on the PATH of this runner");
  EXPECT_NE(outcome.advice.find("python3-locust"), std::string::npos);
}

TEST_F(Load, ALocustThatWasKilledIsAnError) {
  healthy_locust(100, 4);
  locust.ends_at = Milliseconds(4'800);
  StepExit killed;
  killed.how = StepExit::How::signalled;
  killed.code = SIGKILL;
  locust.exit = killed;
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::error);
  EXPECT_NE(outcome.reason.find("after 4 s of 10 s"), std::string::npos) << outcome.reason;
}

TEST_F(Load, ALocustThatOverstaysIsEnded) {
  healthy_locust(100, 4);
  locust.ends_at = Milliseconds(10'000'000);
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "Locust did not end: it still ran 1m after its load should have ended");
  EXPECT_EQ(locust.stopped.size(), 1u);
}

TEST_F(Load, ALocustfileThatOnlyRaisesIsEndedAtOnce) {
  LocustRowWriter rows;
  rows.loaded().started(seconds_of(clock.now())).second({}, 0, 9000).second({}, 0, 9000).second({}, 0, 9000);
  locust.lines = {{Milliseconds(3'000), rows.text()}};
  locust.ends_at = Milliseconds(10'000'000);
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "the locustfile sent no requests and raised 27,000 exceptions");
  EXPECT_LT(clock.now(), Time(Milliseconds(1'767'225'600'000 + 5'000)));
}

TEST_F(Load, OursToBlameWhenNoLeaderCouldBeStarted) {
  locust.exit = infrastructure_error("no leader", "look");
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::error);
  EXPECT_EQ(outcome.reason, "no leader");
}

TEST_F(Load, AStopReachesLocustAndIsPassedOn) {
  for (auto reason : {StopReason::cancel, StopReason::timeout, StopReason::shutdown}) {
    healthy_locust();
    Stop stop;
    auto made = request();
    made.stop = &stop;
    auto when = clock.now() + Milliseconds(4'000);
    bool stopped = false;
    try {
      await_in_time(bench, clock, LoadStage(locust, prometheus, clock).run(made), [&] {
        if (clock.now() >= when) stop.request(reason, "because");
      });
    } catch (const Stopped& why) {
      stopped = true;
      EXPECT_EQ(why.reason, reason);
      EXPECT_EQ(why.cause, "because");
    }
    EXPECT_TRUE(stopped);
    ASSERT_FALSE(locust.stopped.empty());
    EXPECT_EQ(locust.stopped.back(), reason);
    locust.lines.clear();
    std::filesystem::remove(bench.root + "/attempt/locust.ndjson");
  }
}

TEST_F(Load, GoesOnWithALoadThatAnotherRunnerStarted) {
  healthy_locust();
  scaled();
  // The rows of the first seconds are there already; Prometheus must not be asked for a base again.
  std::string before;
  for (std::size_t i = 0; i < 4; ++i) before += locust.lines[i].rows;
  bench.write("attempt/locust.ndjson", before);
  locust.lines.erase(locust.lines.begin(), locust.lines.begin() + 4);
  locust.known = true;
  auto made = request();
  made.resume = true;
  auto outcome = await_in_time(bench, clock, LoadStage(locust, prometheus, clock).run(made));
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_FALSE(said("before the load"));
  EXPECT_EQ(outcome.checks[0].sentence, "1,000 requests in 10 s");
}

// The runner was away for five minutes; the load ended in order meanwhile.
TEST_F(Load, ALoadThatEndedLongAgoIsJudgedByItsEnd) {
  spec.locustfile.clear();
  spec.host.clear();
  spec.command = Command{"true", {}, {}};
  spec.expect = {{"p95", {Bound::Relation::less_equal, 250, "<= 250ms"}}};
  std::string rows;
  for (int i = 0; i < 1001; ++i) {
    rows += fmt::format("{{\"name\":\"GET /\",\"t\":{:.3f},\"ms\":5,\"ok\":true}}\n",
                        seconds_of(clock.now()) - 300 + i * 0.01);
  }
  bench.write("attempt/load.ndjson", rows);
  locust.known = locust.recorded = true;
  auto made = request();
  made.resume = true;
  auto outcome = await_in_time(bench, clock, LoadStage(locust, prometheus, clock).run(made));
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
}

TEST_F(Load, ALoadThatDiedWithItsMachineIsAnError) {
  healthy_locust(100, 4);
  std::string rows;
  for (const auto& line : locust.lines) rows += line.rows;
  bench.write("attempt/locust.ndjson", rows);
  clock.advance(Milliseconds(300'000));
  locust.known = locust.recorded = true;
  StepExit died;
  died.how = StepExit::How::leader_died;
  locust.exit = died;
  auto made = request();
  made.resume = true;
  auto outcome = await_in_time(bench, clock, LoadStage(locust, prometheus, clock).run(made));
  EXPECT_EQ(outcome.outcome, Outcome::error) << outcome.reason;
  EXPECT_TRUE(outcome.reason.starts_with("Locust was ended from outside")) << outcome.reason;
}

TEST_F(Load, AClockThatIsSetDoesNotEndALoad) {
  healthy_locust();
  const auto start = clock.now();
  bool set = false;
  auto outcome = await_in_time(bench, clock, LoadStage(locust, prometheus, clock).run(request()), [&] {
    if (!set && clock.now() - start > Milliseconds(4'000)) {
      set = true;
      clock.set_forward(Milliseconds(3'600'000));
    }
  });
  EXPECT_TRUE(set);
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_TRUE(locust.stopped.empty());
}

TEST_F(Load, AMetricsServerWithoutTimeIsInconclusive) {
  healthy_locust();
  scaled();
  prometheus.timeless = true;
  auto outcome = run();
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive) << outcome.reason;
  EXPECT_NE(outcome.reason.find("the metrics server did not tell its time: "), std::string::npos) << outcome.reason;
  EXPECT_NE(outcome.reason.find("connection refused"), std::string::npos) << outcome.reason;
}

TEST_F(Load, FindsProgramsOnAPath) {
  EXPECT_EQ(find_on_path("locust", "/nowhere::relative:" + bench.root + "/bin:/usr/bin"), bench.root + "/bin/locust");
  EXPECT_EQ(find_on_path("locust", ""), "");
  EXPECT_EQ(find_on_path("checkout", bench.root), "") << "a folder is no program";
}

TEST_F(Load, AnAlarmOutlivesItsRunner) {
  healthy_locust(100, 4);
  locust.ends_at = Milliseconds(4'800);
  locust.known = true;
  bench.write("attempt/alarm", "HighErrors fires, active since 10:00:01Z, value 9");
  auto made = request();
  made.resume = true;
  auto outcome = await_in_time(bench, clock, LoadStage(locust, prometheus, clock).run(std::move(made)));
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_TRUE(outcome.conclusive) << "another attempt could take it back";
  EXPECT_TRUE(outcome.reason.starts_with("HighErrors fires, active since 10:00:01Z, value 9: the load was ended after"))
      << outcome.reason;
}

TEST_F(Load, IsCountedWhileItRunsAndAfter) {
  healthy_locust();
  MemoryLoadMetrics metrics;
  int most_active = 0;
  auto outcome = await_in_time(bench, clock, LoadStage(locust, prometheus, clock, &metrics).run(request()),
                               [&] { most_active = std::max(most_active, metrics.by_repository()["sample"].active); });
  EXPECT_EQ(most_active, 1);
  const auto all = metrics.by_repository();
  ASSERT_EQ(all.size(), 1U) << all.begin()->first;
  const auto& counts = all.begin()->second;
  EXPECT_EQ(counts.active, 0);
  EXPECT_EQ(counts.requests, 1'000);
  EXPECT_EQ(counts.failed, 0);
}

TEST_F(Load, AnAlarmEndsItAndWhatWasMeasuredIsKept) {
  healthy_locust();
  scaled();
  auto made = request();
  FakeAlertFeed alerts;
  made.alerts = &alerts;
  const auto begun = clock.now();
  auto outcome = await_in_time(bench, clock, LoadStage(locust, prometheus, clock).run(std::move(made)), [&] {
    if (clock.now() - begun >= Milliseconds(4'600))
      alerts.sentence = "HighErrors {path=\"/\"} fires, active since 10:00:01Z, value 9";
  });
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_TRUE(
      outcome.reason.starts_with("HighErrors {path=\"/\"} fires, active since 10:00:01Z, value 9: the load was "
                                 "ended after 4s of 10s, with 400 requests"))
      << outcome.reason;
  EXPECT_TRUE(outcome.conclusive);
  EXPECT_EQ(bench.read("attempt/alarm"), alerts.sentence);
  ASSERT_EQ(locust.stopped.size(), 1U);
  EXPECT_LE(clock.now() - begun, Milliseconds(5'200)) << "neither the rest of the load nor the replicas are waited for";
  EXPECT_TRUE(outcome.window.has_value());
  EXPECT_NE(bench.read("attempt/measurements.ndjson").find("load.requests_per_second"), std::string::npos);
  EXPECT_TRUE(said(": ending the load"));
}

}  // namespace
}  // namespace quietgate
