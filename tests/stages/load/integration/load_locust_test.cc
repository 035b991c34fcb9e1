// The load stage with real Locust: what it measures, and how it ends.
#include <algorithm>
#include <csignal>
#include <filesystem>

#include "tests/support/locust_world.h"

namespace quietgate {
namespace {

TEST_F(LoadLocust, MeasuresAHealthyService) {
  spec.warm_up = Milliseconds(1'000);
  spec.expect = {{"failure_ratio", {Bound::Relation::less_equal, 0, "<= 0"}},
                 {"p95", {Bound::Relation::less_equal, 2000, "<= 2s"}},
                 {"requests_per_second", {Bound::Relation::greater_equal, 5, ">= 5"}},
                 {"requests", {Bound::Relation::greater_equal, 50, ">= 50"}}};
  auto before = clock.now();
  auto outcome = run(usual_py);
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << log();
  EXPECT_EQ(outcome.checks.size(), 5u);
  ASSERT_TRUE(outcome.window);
  auto length = outcome.window->end - outcome.window->begin;
  EXPECT_GT(length, Milliseconds(3'000));
  EXPECT_LT(length, Milliseconds(5'000));
  EXPECT_GE(outcome.window->begin, before);
  // What was counted is what the server counted, but for requests that were cut off at the end.
  LoadReport report{Milliseconds(0)};
  LoadRows(bench.root + "/attempt/locust.ndjson", spec).read_into(report);
  EXPECT_EQ(report.damage, "");
  EXPECT_TRUE(report.finished);
  EXPECT_EQ(report.steady.count(), report.requests);
  EXPECT_NE(bench.log.all().find("4 users"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(bench.root + "/checkout/__pycache__")) << "the checkout stays the commit's";
  EXPECT_NE(bench.read("attempt/measurements.ndjson").find("load.p95_ms"), std::string::npos);
}

TEST_F(LoadLocust, ALocustfileThatIsReadSlowlyHasItsWholeLoad) {
  spec.duration = Milliseconds(3'000);
  auto outcome =
      run(std::string("import time as t\nend = t.monotonic() + 2\nwhile t.monotonic() < end: pass\n") + usual_py);
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << log();
  ASSERT_TRUE(outcome.window);
  EXPECT_GT(outcome.window->end - outcome.window->begin, Milliseconds(2'500));
}

TEST_F(LoadLocust, FailsOnFailures) {
  spec.duration = Milliseconds(2'000);
  spec.expect = {{"failure_ratio", {Bound::Relation::less_equal, 0.01, "<= 0.01"}}};
  auto outcome = run(R"py(
from locust import HttpUser, task, constant
class Visitor(HttpUser):
    wait_time = constant(0.02)
    @task
    def look(self):
        self.client.get("/bad")
)py");
  EXPECT_EQ(outcome.outcome, Outcome::failed) << log();
  EXPECT_EQ(outcome.reason.substr(0, 27), "failure ratio 1.000 > 0.01 ") << outcome.reason;
  EXPECT_NE(outcome.reason.find("mostly GET /bad: 500 Server Error"), std::string::npos) << outcome.reason;
}

TEST_F(LoadLocust, AServiceThatIsGoneFails) {
  server->stop();
  spec.duration = Milliseconds(2'000);
  spec.expect = {{"failure_ratio", {Bound::Relation::less_equal, 0.01, "<= 0.01"}}};
  auto outcome = run(usual_py);
  EXPECT_EQ(outcome.outcome, Outcome::failed) << log();
  EXPECT_NE(outcome.reason.find("failure ratio 1.000 > 0.01"), std::string::npos) << outcome.reason;
}

TEST_F(LoadLocust, NamesTheLineOfASyntaxError) {
  auto outcome = run("from locust import *\n\ndef (\n");
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "the locustfile could not be used: SyntaxError: invalid syntax (locustfile.py line 3)");
}

TEST_F(LoadLocust, NamesAnImportThatFails) {
  auto outcome = run("import nothing_of_that_name\n");
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason,
            "the locustfile could not be used: ModuleNotFoundError: No module named 'nothing_of_that_name' "
            "(locustfile.py line 1)");
}

TEST_F(LoadLocust, ALocustfileWithoutUsersFails) {
  auto outcome = run("x = 1\n");
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "Locust did not begin the load (exit status 1): No User class found!");
}

TEST_F(LoadLocust, AUserWithoutTasksFailsSoon) {
  spec.duration = Milliseconds(60'000);
  auto before = clock.now();
  auto outcome = run("from locust import HttpUser, constant\nclass U(HttpUser):\n    wait_time = constant(0.05)\n");
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_NE(outcome.reason.find("the locustfile sent no requests and raised"), std::string::npos) << outcome.reason;
  EXPECT_NE(outcome.reason.find("No tasks defined on U"), std::string::npos) << outcome.reason;
  EXPECT_LT(clock.now() - before, Milliseconds(20'000));
}

TEST_F(LoadLocust, NoRequestsAreInconclusive) {
  spec.duration = Milliseconds(2'000);
  spec.expect = {{"failure_ratio", {Bound::Relation::less_equal, 0.01, "<= 0.01"}}};
  auto outcome = run(R"py(
from locust import User, task, constant
class Idle(User):
    wait_time = constant(0.1)
    @task
    def nothing(self): pass
)py");
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive) << outcome.reason;
  EXPECT_EQ(outcome.reason.substr(0, 23), "Locust sent no requests") << outcome.reason;
}

TEST_F(LoadLocust, ALocustfileThatEndsTheLoadFails) {
  auto outcome = run(R"py(
from locust import HttpUser, task, constant
class Visitor(HttpUser):
    wait_time = constant(0.5)
    @task
    def look(self):
        self.client.get("/")
        self.environment.runner.quit()
)py");
  EXPECT_EQ(outcome.outcome, Outcome::failed) << outcome.reason << log();
  EXPECT_NE(outcome.reason.find("the locustfile ended the load after"), std::string::npos) << outcome.reason;
}

TEST_F(LoadLocust, ExceptionsBesideRequestsFail) {
  spec.duration = Milliseconds(2'000);
  auto outcome = run(std::string(usual_py) + "    @task\n    def wrong(self):\n        {}['id']\n");
  EXPECT_EQ(outcome.outcome, Outcome::failed) << outcome.reason;
  EXPECT_NE(outcome.reason.find("KeyError: 'id'"), std::string::npos) << outcome.reason;
}

TEST_F(LoadLocust, ALocustThatIsKilledIsAnError) {
  int attempt = 1;
  for (int signal : {SIGKILL, SIGTERM, SIGINT}) {
    spec.duration = Milliseconds(30'000);
    auto made = request(usual_py);
    made.attempt = ++attempt;
    made.directory = bench.root + "/attempt" + std::to_string(signal);
    std::filesystem::create_directories(made.directory);
    bench.place(made);
    spawn(bench.loop.get_executor(),
          after_a_second(clock, made.directory + "/locust.ndjson", [&] { ::kill(locust_pid(), signal); }),
          [](std::exception_ptr) {});
    auto outcome = bench.await(LoadStage(steps, http, clock).run(made));
    EXPECT_EQ(outcome.outcome, Outcome::error) << outcome.reason;
    EXPECT_NE(outcome.reason.find("from outside"), std::string::npos) << outcome.reason;
    EXPECT_NE(outcome.reason.find("of 30 s"), std::string::npos) << outcome.reason;
  }
}

TEST_F(LoadLocust, ACancelEndsLocust) {
  spec.duration = Milliseconds(30'000);
  spawn(bench.loop.get_executor(),
        after_a_second(clock, bench.root + "/attempt/locust.ndjson",
                       [&] { bench.stop.request(StopReason::cancel, "cancelled by ana"); }),
        [](std::exception_ptr) {});
  auto before = clock.now();
  try {
    run(usual_py);
    FAIL() << "it was cancelled";
  } catch (const Stopped& stopped) {
    EXPECT_EQ(stopped.cause, "cancelled by ana");
  }
  EXPECT_LT(clock.now() - before, Milliseconds(15'000));
  ASSERT_GT(locust_pid(), 1);
  EXPECT_EQ(::kill(locust_pid(), 0), -1) << "Locust is gone";
}

TEST_F(LoadLocust, ALoadGoesOnWithoutItsRunner) {
  spec.duration = Milliseconds(6'000);
  spawn(bench.loop.get_executor(),
        after_a_second(clock, bench.root + "/attempt/locust.ndjson",
                       [&] { bench.stop.request(StopReason::shutdown, "the service stops"); }),
        [](std::exception_ptr) {});
  EXPECT_THROW(run(usual_py), Stopped);
  ASSERT_GT(locust_pid(), 1);
  EXPECT_EQ(::kill(locust_pid(), 0), 0) << "Locust goes on";
  // The next runner: other objects, the same attempt.
  Stop stop;
  LocalSteps next(bench.loop.get_executor(), DataLayout(bench.root));
  auto made = request(usual_py);
  made.resume = true;
  made.stop = &stop;
  auto outcome = bench.await(LoadStage(next, http, clock).run(made));
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << log();
  EXPECT_GT(outcome.window->end - outcome.window->begin, Milliseconds(5'000));
  auto samples = bench.read("attempt/measurements.ndjson");
  EXPECT_GE(std::count(samples.begin(), samples.end(), '\n'), 30) << "from the first second on";
}

}  // namespace
}  // namespace quietgate
