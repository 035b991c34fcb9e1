// The load stage with real Locust: schedules, shapes, workers, endpoints; and a command as its source.
#include <csignal>
#include <filesystem>

#include "tests/support/git_server.h"
#include "tests/support/slow_server.h"

namespace quietgate {
namespace {

// Two seconds in which nothing is answered.
class LoadLocustStall : public LoadSlowService {
 protected:
  void SetUp() override { serve(2, 4); }
};

// A closed model waits with its users, and sees a stall once for each of them; a schedule does not wait.
TEST_F(LoadLocustStall, AScheduleSeesAStallInEachRequestThatItDelays) {
  spec.duration = Milliseconds(8'000);
  spec.users = 5;
  spec.spawn_rate = 5;
  spec.phases = {{spec.duration, 0, 0, 50, 50}};
  spec.expect = {{"p95", {Bound::Relation::less_equal, 500, "<= 500ms"}}};
  auto outcome = run(usual_py);
  EXPECT_EQ(outcome.outcome, Outcome::failed) << outcome.reason << log();
  LoadReport report{Milliseconds(0)};
  LoadRows(bench.root + "/attempt/locust.ndjson", spec).read_into(report);
  EXPECT_EQ(report.damage, "");
  // Of the 400 requests that were due in 8 s, those of the 2 s of the stall are late by up to that.
  EXPECT_GE(report.requests, 380);
  EXPECT_LE(report.requests, 401);
  EXPECT_GT(report.steady.percentile(0.8), 150) << "a fifth of the requests waited";
  EXPECT_LT(report.steady.percentile(0.7), 150);
  EXPECT_GT(report.steady.largest(), 1'500);
  EXPECT_GE(report.achieved(), 0.95) << "they began, if late";
}

TEST_F(LoadLocustStall, AGeneratorThatCanNotKeepUpIsInconclusive) {
  spec.duration = Milliseconds(5'000);
  spec.users = 1;
  spec.spawn_rate = 1;
  spec.phases = {{spec.duration, 0, 0, 100, 100}};
  auto outcome = run(R"py(
import time
from locust import HttpUser, task
class Visitor(HttpUser):
    @task
    def look(self):
        self.client.get("/")
        time.sleep(0.1)
)py");
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive) << outcome.reason << log();
  EXPECT_NE(outcome.reason.find("the load generator could not keep up"), std::string::npos) << outcome.reason;
}

TEST_F(LoadLocust, ArrivalsAreTasksAlsoOfNestedSets) {
  spec.users = 10;
  spec.spawn_rate = 10;
  spec.phases = {{Milliseconds(2'000), 0, 0, 20, 20}, {Milliseconds(2'000), 0, 0, 20, 60}};
  auto outcome = run(R"py(
from locust import HttpUser, TaskSet, task, constant
class Inner(TaskSet):
    @task
    def look(self):
        self.client.get("/", name="inner")
        self.interrupt()
class Visitor(HttpUser):
    wait_time = constant(30)
    tasks = [Inner]
)py");
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << log();
  LoadReport report{Milliseconds(0)};
  LoadRows(bench.root + "/attempt/locust.ndjson", spec).read_into(report);
  EXPECT_NEAR(static_cast<double>(report.requests), 120, 6) << "20 a second, then 20 to 60: waits of users don't count";
  EXPECT_EQ(report.endpoints.count("GET inner"), 1u);
}

TEST_F(LoadLocust, WorkersShareALoad) {
  spec.duration = Milliseconds(5'000);
  spec.users = 10;
  spec.spawn_rate = 3;
  spec.workers.count = 2;
  spec.phases = {{spec.duration, 0, 0, 80, 80}};
  spec.expect = {{"failure_ratio", {Bound::Relation::less_equal, 0.02, "<= 2%"}},
                 {"p95", {Bound::Relation::less_equal, 2000, "<= 2s"}}};
  auto outcome = run(usual_py);
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << log();
  LoadReport report{Milliseconds(0)};
  LoadRows(bench.root + "/attempt/locust.ndjson", spec).read_into(report);
  EXPECT_EQ(report.damage, "");
  EXPECT_TRUE(report.finished);
  EXPECT_NEAR(static_cast<double>(report.requests), 400, 2) << "each takes half of the schedule, and nothing is lost";
  EXPECT_GE(report.steady_cpu(), 0.001) << "the workers' processors are known";
  EXPECT_LT(report.seconds[0].users, 10) << "those of its own time, not of when the workers' counts were there";
  EXPECT_EQ(report.seconds[3].users, 10);
}

TEST_F(LoadLocust, AWorkerThatDiesIsNoticedAndNamed) {
  spec.duration = Milliseconds(30'000);
  spec.workers.count = 2;
  auto made = request(usual_py);
  auto kill_a_worker = [&] { ::kill(locust_pid(), SIGKILL); };  // the last that wrote its number
  spawn(bench.loop.get_executor(), after_a_second(clock, made.directory + "/locust.ndjson", kill_a_worker),
        [](std::exception_ptr) {});
  auto outcome = bench.await(LoadStage(steps, http, clock).run(made));
  EXPECT_EQ(outcome.outcome, Outcome::error) << outcome.reason << log();
  EXPECT_NE(outcome.reason.find("was lost (killed by signal 9)"), std::string::npos) << outcome.reason;
  EXPECT_NE(outcome.reason.find("worker 1 (process "), outcome.reason.find("worker 2 (process ")) << outcome.reason;
}

TEST_F(LoadLocust, WorkersEndWithTheirMaster) {
  spec.duration = Milliseconds(60'000);
  spec.workers.count = 1;
  auto made = request(std::string(usual_py) + R"py(
import sys
if "--worker" not in sys.argv:
    open(os.environ["HOME"] + "/master.pid", "w").write(str(os.getpid()) + "\n")
)py");
  spawn(bench.loop.get_executor(),
        after_a_second(clock, made.directory + "/locust.ndjson",
                       [&] { ::kill(static_cast<pid_t>(std::atoi(bench.read("master.pid").c_str())), SIGKILL); }),
        [](std::exception_ptr) {});
  auto outcome = bench.await(LoadStage(steps, http, clock).run(made));
  EXPECT_EQ(outcome.outcome, Outcome::error) << outcome.reason;
  for (int tries = 0; tries < 400 && ::kill(locust_pid(), 0) == 0; ++tries)
    std::this_thread::sleep_for(Milliseconds(25));
  EXPECT_EQ(::kill(locust_pid(), 0), -1) << "the worker is gone";
}

TEST_F(LoadLocust, AShapeOfThePipelineIsFollowed) {
  spec.phases = {{Milliseconds(2'000), 2, 2, 0, 0}, {Milliseconds(3'000), 6, 6, 0, 0}};
  spec.duration = Milliseconds(5'000);
  spec.users = 6;
  auto outcome = run(usual_py);
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << log();
  LoadReport report{Milliseconds(0)};
  LoadRows(bench.root + "/attempt/locust.ndjson", spec).read_into(report);
  ASSERT_GE(report.seconds.size(), 5u);
  EXPECT_EQ(report.seconds[1].users, 2);
  EXPECT_EQ(report.seconds[4].users, 6);
}

constexpr const char* own_shape_py = R"py(
from locust import LoadTestShape
class Mine(LoadTestShape):
    def tick(self):
        return (3, 3) if self.get_run_time() < 60 else None
)py";

TEST_F(LoadLocust, ALocustfilesOwnShapeIsFollowed) {
  spec.users = 100;
  spec.expect = {{"p50", {Bound::Relation::less_equal, 2000, "<= 2s"}}};
  auto outcome = run(std::string(usual_py) + own_shape_py);
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << log();
  LoadReport report{Milliseconds(0)};
  LoadRows(bench.root + "/attempt/locust.ndjson", spec).read_into(report);
  EXPECT_EQ(report.seconds.at(2).users, 3);
}

TEST_F(LoadLocust, TwoShapesAreOneTooMany) {
  spec.phases = {{spec.duration, 2, 2, 0, 0}};
  auto outcome = run(std::string(usual_py) + own_shape_py);
  EXPECT_EQ(outcome.outcome, Outcome::error) << outcome.reason;
  EXPECT_NE(outcome.reason.find("the pipeline has a `shape`, and the locustfile its own (Mine): keep one"),
            std::string::npos)
      << outcome.reason;
}

TEST_F(LoadLocust, EndpointsHaveBoundsOfTheirOwn) {
  spec.endpoints = {{"GET /", {{"p95", {Bound::Relation::less_equal, 2000, "<= 2s"}}}},
                    {"GET /none", {{"p95", {Bound::Relation::less_equal, 2000, "<= 2s"}}}}};
  auto outcome = run(usual_py);
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive) << outcome.reason << log();
  EXPECT_EQ(outcome.reason, "no request was named `GET /none`; there were `GET /`");
}

// A program of its own that tells each of its requests is measured like Locust.
TEST_F(LoadLocust, ACommandIsASourceOfLoad) {
  spec.locustfile.clear();
  spec.duration = Milliseconds(2'000);
  bench.write("checkout/load.py", R"py(
import json, os, time, urllib.request
end = time.time() + 2.2
with open(os.environ["QUIETGATE_LOAD_FILE"], "w", buffering=1) as out:
    while time.time() < end:
        begin = time.time()
        with urllib.request.urlopen(os.environ["QUIETGATE_HOST"] + "/") as answer:
            ok = answer.status == 200
        now = time.time()
        out.write(json.dumps({"name": "GET /", "t": now, "ms": (now - begin) * 1000, "ok": ok}) + "\n")
        time.sleep(0.005)
)py");
  spec.command = Command{"exec /usr/bin/python3 load.py", {}, {}};
  spec.expect = {{"p95", {Bound::Relation::less_equal, 2000, "<= 2s"}},
                 {"failure_ratio", {Bound::Relation::less_equal, 0.05, "<= 5%"}}};
  auto outcome = run(usual_py);
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << log();
  EXPECT_NE(bench.log.all().find("the command, against http://127.0.0.1:"), std::string::npos) << bench.log.all();
  EXPECT_NE(bench.read("attempt/measurements.ndjson").find("load.p95_ms"), std::string::npos);
  EXPECT_NE(bench.read("attempt/artifacts/load.svg").find("<polyline"), std::string::npos);
}

// A worker of elsewhere has the listener and the locustfile, and learns the rest from the master.
TEST_F(LoadLocust, AWorkerOfElsewhereFollowsTheSchedule) {
  spec.users = 10;
  spec.spawn_rate = 10;
  spec.phases = {{spec.duration, 0, 0, 50, 50}};
  spec.workers = {1, "127.0.0.1:" + std::to_string(free_port())};
  auto made = request(usual_py);
  bench.write("elsewhere/quietgate_listener.py", std::string(locust_listener()));
  bench.write("elsewhere/locustfile.py", usual_py);
  CompanionSpec process;
  process.argv = {find_on_path("locust", "/usr/local/bin:/usr/bin:/bin"),
                  "--worker",
                  "--master-host",
                  "127.0.0.1",
                  "--master-port",
                  spec.workers.join.substr(10),
                  "-f",
                  "quietgate_listener.py,locustfile.py"};
  process.environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", bench.root}};
  process.working_directory = bench.root + "/elsewhere";
  process.log = bench.root + "/elsewhere/log";
  Companion worker(process);
  auto outcome = bench.await(LoadStage(steps, http, clock).run(made));
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << log() << bench.read("elsewhere/log");
  LoadReport report{Milliseconds(0)};
  LoadRows(bench.root + "/attempt/locust.ndjson", spec).read_into(report);
  EXPECT_NEAR(static_cast<double>(report.requests), 200, 12);
}

}  // namespace
}  // namespace quietgate
