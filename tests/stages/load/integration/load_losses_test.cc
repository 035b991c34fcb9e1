// What real loads lose: answers that never come, and workers that go, hang, do not come or must not be there.
#include <csignal>
#include <filesystem>
#include <list>

#include "tests/support/git_server.h"
#include "tests/support/slow_server.h"

namespace quietgate {
namespace {

class LoadAnswers : public LoadSlowService {
 protected:
  void serve(double window, double until, double always = 0) {
    LoadSlowService::serve(window, until, always);
    spec.expect = {{"p95", {Bound::Relation::less_equal, 2500, "<= 2.5s"}}};
  }
};

constexpr double for_good = 3600;

TEST_F(LoadAnswers, UsersWhoAreNeverAnsweredFailTheLoad) {
  serve(2, for_good);
  if (IsSkipped()) return;
  spec.users = 5;
  spec.duration = Milliseconds(6'000);
  auto outcome = run(usual_py);
  EXPECT_EQ(outcome.outcome, Outcome::failed) << outcome.reason << log();
  EXPECT_TRUE(outcome.reason.starts_with("5 of ")) << outcome.reason;
  EXPECT_NE(outcome.reason.find(" requests were never answered; the oldest had waited 1"), std::string::npos)
      << outcome.reason;
  const auto read = report();
  EXPECT_EQ(read.unanswered, 5);
  EXPECT_EQ(read.failures, 5);
  EXPECT_GE(read.oldest, 12) << "four seconds of the load, and the time that answers are waited for";
  EXPECT_GE(read.steady.largest(), 12'000) << "with what they had waited";
  EXPECT_GE(read.silence().seconds, 2);
}

TEST_F(LoadAnswers, ArrivalsThatAreNeverAnsweredFailTheLoad) {
  serve(2, for_good);
  if (IsSkipped()) return;
  spec.users = 120;
  spec.spawn_rate = 120;
  spec.duration = Milliseconds(6'000);
  spec.phases = {{spec.duration, 0, 0, 20, 20}};
  auto outcome = run(usual_py);
  EXPECT_EQ(outcome.outcome, Outcome::failed) << outcome.reason << log();
  EXPECT_NE(outcome.reason.find(" of 120 requests were never answered"), std::string::npos) << outcome.reason;
  const auto read = report();
  EXPECT_GE(read.unanswered, 60);
  EXPECT_LE(read.unanswered, 90);
  EXPECT_GE(read.achieved(), 0.95) << "they all began";
}

// Without what was due in it, nine tenths of a stall at the end are missing in the percentiles.
TEST_F(LoadAnswers, AStallAtTheEndIsInAllThatWasDueInIt) {
  serve(7.75, 10);
  if (IsSkipped()) return;
  spec.users = 3;
  spec.spawn_rate = 3;
  spec.duration = Milliseconds(8'000);
  spec.phases = {{spec.duration, 0, 0, 50, 50}};
  run(usual_py);
  const auto read = report();
  EXPECT_EQ(read.unanswered, 0);
  EXPECT_NEAR(static_cast<double>(read.requests), 400, 2);
  EXPECT_GE(read.steady.percentile(0.99), 1'500);
  EXPECT_GE(read.achieved(), 0.99) << "they began, if late";
}

TEST_F(LoadAnswers, WhatIsSlowButAnsweredPasses) {
  serve(0, 0, 1.5);
  if (IsSkipped()) return;
  spec.users = 60;
  spec.spawn_rate = 60;
  spec.duration = Milliseconds(6'000);
  spec.expect = {{"failure_ratio", {Bound::Relation::less_equal, 0, "<= 0"}},
                 {"p95", {Bound::Relation::less_equal, 4000, "<= 4s"}}};
  auto outcome = run(usual_py);
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << log();
  const auto read = report();
  EXPECT_EQ(read.unanswered, 0);
  EXPECT_EQ(read.failures, 0);
  ASSERT_TRUE(read.length);
  EXPECT_LT(*read.length, 6.5) << "the wait for the last answers is no part of the load";
}

class LoadWorkersTest : public LoadLocust {
 protected:
  void SetUp() override {
    LoadLocust::SetUp();
    spec.duration = Milliseconds(30'000);
  }
  void expect_workers(int count) {
    spec.workers = {count, "127.0.0.1:" + std::to_string(free_port())};
    bench.write("elsewhere/quietgate_listener.py", std::string(locust_listener()));
    bench.write("elsewhere/locustfile.py", usual_py);
    bench.write("elsewhere/alone.py",
                std::string("import locust.runners\nlocust.runners.__version__ = '2.12.1'\n") + usual_py);
  }
  Companion& join(const std::string& files = "quietgate_listener.py,locustfile.py") {
    CompanionSpec process;
    process.argv = {find_on_path("locust", "/usr/local/bin:/usr/bin:/bin"),
                    "--worker",
                    "--master-host",
                    "127.0.0.1",
                    "--master-port",
                    spec.workers.join.substr(10),
                    "-f",
                    files};
    process.environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", bench.root}};
    process.working_directory = bench.root + "/elsewhere";
    process.log = bench.root + "/elsewhere/log";
    return workers.emplace_back(process);
  }
  std::list<Companion> workers;
};

// The second time, the load is over before Locust misses the worker's heartbeats.
TEST_F(LoadWorkersTest, OneOfThisMachineThatHangsIsNoticedAndNamed) {
  for (int duration : {30'000, 6'000}) {
    spec.workers.count = 2;
    spec.duration = Milliseconds(duration);
    auto made = request(usual_py);
    made.attempt = duration == 30'000 ? 2 : 3;
    made.directory = bench.root + "/attempt" + std::to_string(duration);
    std::filesystem::create_directories(made.directory);
    bench.place(made);
    pid_t hung = 0;
    auto hang = [&] {
      hung = locust_pid();
      ::kill(hung, SIGSTOP);
    };
    spawn(bench.loop.get_executor(), after_a_second(clock, made.directory + "/locust.ndjson", hang),
          [](std::exception_ptr) {});
    auto outcome = bench.await(LoadStage(steps, http, clock).run(made));
    EXPECT_EQ(outcome.outcome, Outcome::error) << outcome.reason << log();
    EXPECT_NE(outcome.reason.find(fmt::format("(process {}) was lost (it is no longer heard)", hung)),
              std::string::npos)
        << outcome.reason;
    EXPECT_EQ(::kill(hung, 0), -1) << "it is gone with its load";
  }
}

TEST_F(LoadWorkersTest, OneWithoutTheListenerIsNamed) {
  expect_workers(1);
  join("alone.py");
  auto outcome = run(usual_py);
  EXPECT_EQ(outcome.outcome, Outcome::error) << outcome.reason << log();
  EXPECT_NE(outcome.reason.find(" does not run quietgate's listener"), std::string::npos) << outcome.reason;
}

TEST_F(LoadWorkersTest, OneMoreThanWasAskedForIsNamed) {
  expect_workers(1);
  join();
  join();
  auto outcome = run(usual_py);
  EXPECT_EQ(outcome.outcome, Outcome::error) << outcome.reason << log();
  EXPECT_NE(outcome.reason.find(" is one more than the 1 that were asked for"), std::string::npos) << outcome.reason;
}

TEST_F(LoadWorkersTest, TheLastThatIsKilledIsNamed) {
  expect_workers(1);
  auto& only = join();
  auto made = request(usual_py);
  spawn(bench.loop.get_executor(),
        after_a_second(clock, made.directory + "/locust.ndjson", [&] { ::kill(only.pid(), SIGKILL); }),
        [](std::exception_ptr) {});
  auto outcome = bench.await(LoadStage(steps, http, clock).run(made));
  EXPECT_EQ(outcome.outcome, Outcome::error) << outcome.reason << log();
  EXPECT_NE(outcome.reason.find(" was lost (it is no longer heard)"), std::string::npos) << outcome.reason;
}

// As the stage runs Locust, but for the minute that workers have.
TEST_F(LoadWorkersTest, ThoseThatDoNotComeAreCounted) {
  for (int coming : {0, 1}) {
    expect_workers(2);
    auto made = request(usual_py);
    PlannedLoad load;
    load.host = spec.host;
    load.rows = bench.root + "/attempt/locust.ndjson";
    load.step = "locust-" + std::to_string(coming);
    auto process = prepare_load(made, spec, load);
    ASSERT_TRUE(process);
    auto wait = std::find(process->argv.begin(), process->argv.end(), "--expect-workers-max-wait");
    ASSERT_NE(wait, process->argv.end());
    *(wait + 1) = "6";
    if (coming == 1) join();
    auto exit = bench.await(steps.run(*process, bench.stop));
    ASSERT_TRUE(exit);
    LoadReport report{Milliseconds(0)};
    LoadRows(load.rows, spec).read_into(report);
    EXPECT_EQ(report.damage, "");
    auto check = judge_completion(report, {LoadEnd::How::exited, exit->code, "exit status 1", ""}, spec, "/c");
    ASSERT_TRUE(check);
    EXPECT_EQ(check->outcome, Outcome::error);
    EXPECT_EQ(check->sentence, fmt::format("{} of 2 workers joined in time, so the load did not begin", coming));
  }
}

}  // namespace
}  // namespace quietgate
