// The verify stage and the autoscaling checks against a real Prometheus that scrapes a real exporter.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <optional>
#include <thread>

#include "runner/adapters/clock/posix_clock.h"
#include "runner/adapters/http/http_curl.h"
#include "runner/adapters/local_steps/local_steps.h"
#include "runner/base/program_path.h"
#include "stages/load/replica_watch.h"
#include "stages/verify/verify.h"
#include "tests/support/companion.h"
#include "tests/support/specs.h"
#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

// app_ready_replicas: 1 for the first four seconds, then 3 until the file `down` is there.
constexpr const char* exporter_py = R"py(
import http.server, os, sys, time
begin = time.time()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        up = time.time() - begin > 4 and not os.path.exists(sys.argv[1])
        body = f"app_ready_replicas {3 if up else 1}\nerrors_ratio 0\nbroken_ratio NaN\nrequests_total {int(time.time() * 10)}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print("port", server.server_address[1], flush=True)
server.serve_forever()
)py";

// A server that takes connections and never answers.
constexpr const char* mute_py = R"py(
import socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(16)
print("port", s.getsockname()[1], flush=True)
time.sleep(600)
)py";

constexpr const char* free_port_py = R"py(
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print("port", s.getsockname()[1], flush=True)
)py";

class LoadPrometheus : public testing::Test {
 protected:
  LoadPrometheus() { bench.real = true; }
  std::string python(const std::string& name, const char* text, std::unique_ptr<Companion>& process) {
    bench.write(name + ".py", text);
    CompanionSpec spec;
    spec.argv = {"/usr/bin/python3", bench.root + "/" + name + ".py", bench.root + "/down"};
    spec.environment = {{"PATH", "/usr/bin:/bin"}};
    spec.log = bench.root + "/" + name + ".log";
    process = std::make_unique<Companion>(spec);
    for (int tries = 0; tries < 800 && bench.read(name + ".log").find('\n') == std::string::npos; ++tries) {
      std::this_thread::sleep_for(Milliseconds(25));
    }
    auto said = bench.read(name + ".log");
    return said.size() > 5 ? said.substr(5, said.find('\n') - 5) : "0";
  }
  void start_prometheus() {
    auto exporter_port = python("exporter", exporter_py, exporter);
    std::unique_ptr<Companion> brief;
    auto port = python("port", free_port_py, brief);
    bench.write("prometheus.yml",
                "global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: app\n    static_configs: [{targets: "
                "['127.0.0.1:" +
                    exporter_port + "']}]\n");
    CompanionSpec spec;
    spec.argv = {prometheus_path(), "--config.file=" + bench.root + "/prometheus.yml",
                 "--storage.tsdb.path=" + bench.root + "/data", "--web.listen-address=127.0.0.1:" + port};
    spec.environment = {{"PATH", "/usr/bin:/bin"}};
    spec.log = bench.root + "/prometheus.log";
    prometheus = std::make_unique<Companion>(spec);
    prometheus_process = spec;
    url = "http://127.0.0.1:" + port;
    autoscaling = {url, "sum(app_ready_replicas)", {}};
  }
  StageRequest scaling_request() {
    LoadSpec load;
    load.autoscaling = autoscaling;
    auto request = bench.request(load, "load");
    request.environment["PATH"] = "/usr/bin:/bin";
    return request;
  }
  static std::string prometheus_path() { return find_on_path("prometheus", "/usr/local/bin:/usr/bin:/bin"); }
  StageOutcome verify(VerifySpec spec) {
    if (window) spec.during = "load";
    auto request = bench.request(spec, "metrics");
    if (window) request.finished["load"].window = window;
    return bench.await(VerifyStage(http, clock).run(request));
  }

  StageBench bench;
  PosixClock clock{bench.loop.get_executor()};
  BlockingPool pool{2};
  HttpCurl http{pool};
  LocalSteps steps{bench.loop.get_executor(), DataLayout(bench.root)};
  std::unique_ptr<Companion> exporter, prometheus;
  CompanionSpec prometheus_process;
  std::string url;
  AutoscalingSpec autoscaling;
  std::optional<Window> window;
};

TEST_F(LoadPrometheus, FollowsReplicasAndJudgesMetrics) {
  if (prometheus_path().empty()) {
    GTEST_SKIP() << "PROMETHEUS IS NOT INSTALLED: this test needs the Debian package prometheus";
  }
  start_prometheus();
  const auto at_first = scaling_request();
  ReplicaWatch watch(http, steps, clock, at_first, autoscaling);
  auto base = bench.await(watch.base());
  ASSERT_TRUE(base.ok()) << base.error().message << bench.read("prometheus.log");
  auto offset = bench.await(watch.clock_offset());
  ASSERT_TRUE(offset.ok());
  EXPECT_LT(std::fabs(*offset), 1) << "the same machine has the same clock";

  // Wait for three replicas, then let them go down, as a load would.
  auto& expect = autoscaling.expect;
  double now = static_cast<double>(clock.now().time_since_epoch().count()) / 1000;
  ScalingWindow scaling{now, now, now};
  for (int tries = 0; tries < 300; ++tries) {
    if (bench.await(watch.look()) && watch.newest().value == 3) break;
    std::this_thread::sleep_for(Milliseconds(100));
  }
  ASSERT_EQ(watch.newest().value, 3);
  bench.write("down", "");
  scaling.end = static_cast<double>(clock.now().time_since_epoch().count()) / 1000;
  expect.settle_at = 1;
  expect.settle_within = Milliseconds(30'000);
  const auto then = scaling_request();
  ReplicaWatch settling(http, steps, clock, then, autoscaling);
  scaling.read_until = bench.await(settling.wait_for_end(scaling, *offset));
  EXPECT_LT(scaling.read_until, scaling.end + 20) << "it ended when it had settled";
  auto checks =
      judge_scaling(bench.await(settling.series(scaling)), bench.await(settling.desired(scaling)), expect, scaling);
  ASSERT_EQ(checks.size(), 1u);
  EXPECT_EQ(checks[0].outcome, Outcome::passed) << checks[0].sentence;
  EXPECT_EQ(checks[0].sentence.substr(0, 17), "back at 1 replica") << checks[0].sentence;

  Time end(Milliseconds(std::llround(scaling.read_until * 1000)));
  // Not further back than the first scrape.
  window = Window{end - Milliseconds(3'000), end};
  Bound below{Bound::Relation::less, 0.01, "< 0.01"};
  VerifySpec spec;
  spec.prometheus = url;
  spec.checks = {{"error ratio", "errors_ratio", below}};
  auto good = verify(spec);
  EXPECT_EQ(good.outcome, Outcome::passed) << good.reason;
  EXPECT_EQ(good.reason, "error ratio 0.000 < 0.01 at all 4 samples, highest 0.000");
  for (const auto* query : {"no_such_metric", "broken_ratio", "errors_ratio / 0", "sum(",
                            "{__name__=~\"errors_ratio|broken_ratio\"} * on(x) errors_ratio"}) {
    spec.checks = {{"error ratio", query, below}};
    auto outcome = verify(spec);
    EXPECT_EQ(outcome.outcome, Outcome::inconclusive) << query << ": " << outcome.reason;
  }
  spec.checks = {{"rate", "rate(requests_total[5s])", {Bound::Relation::greater, 1e6, "> 1e6"}}};
  EXPECT_EQ(verify(spec).outcome, Outcome::failed);
  // Nothing answers any more: a gap is no pass, and neither is a server that is gone.
  prometheus->stop();
  spec.checks = {{"error ratio", "errors_ratio", below}};
  auto gone = verify(spec);
  EXPECT_EQ(gone.outcome, Outcome::inconclusive);
  EXPECT_NE(gone.reason.find("127.0.0.1"), std::string::npos) << gone.reason;
}

// For five minutes a Prometheus answers the last sample from before it was killed, as if it had never been away.
TEST_F(LoadPrometheus, APrometheusThatWasAwayIsAHole) {
  if (prometheus_path().empty()) {
    GTEST_SKIP() << "PROMETHEUS IS NOT INSTALLED: this test needs the Debian package prometheus";
  }
  start_prometheus();
  autoscaling.expect.never_above = 6;
  const auto request = scaling_request();
  ReplicaWatch watch(http, steps, clock, request, autoscaling);
  ASSERT_TRUE(bench.await(watch.base()).ok()) << bench.read("prometheus.log");
  const auto now = [&] { return static_cast<double>(clock.now().time_since_epoch().count()) / 1000; };
  ScalingWindow scaling{now(), 0, 0};
  std::this_thread::sleep_for(Milliseconds(4'000));
  scaling.end = scaling.read_until = now();
  auto checks = judge_scaling(bench.await(watch.series(scaling)), std::vector<Sample>(), autoscaling.expect, scaling);
  EXPECT_EQ(checks[0].outcome, Outcome::passed) << checks[0].sentence;

  autoscaling.query = "sum(app_ready_replicas offset 3s)";
  const auto behind = scaling_request();
  ReplicaWatch later(http, steps, clock, behind, autoscaling);
  checks = judge_scaling(bench.await(later.series(scaling)), std::vector<Sample>(), autoscaling.expect, scaling);
  EXPECT_EQ(checks[0].outcome, Outcome::passed) << checks[0].sentence;
  autoscaling.query = "sum(app_ready_replicas)";

  prometheus->stop();
  std::this_thread::sleep_for(Milliseconds(8'000));
  prometheus = std::make_unique<Companion>(prometheus_process);
  ASSERT_TRUE(bench.await(watch.base()).ok()) << bench.read("prometheus.log");
  std::this_thread::sleep_for(Milliseconds(3'000));
  scaling.end = scaling.read_until = now();
  Prometheus server(http, url);
  auto answer = bench.await(server.query_range(autoscaling.query, scaling.begin, scaling.end, 1, bench.stop));
  ASSERT_TRUE(answer.ok() && answer->size() == 1);
  EXPECT_GE(static_cast<double>(answer->front().samples.size()), std::floor(scaling.end - scaling.begin))
      << "what it answers has no hole";
  checks = judge_scaling(bench.await(watch.series(scaling)), std::vector<Sample>(), autoscaling.expect, scaling);
  EXPECT_EQ(checks[0].outcome, Outcome::inconclusive) << checks[0].sentence;
  EXPECT_EQ(checks[0].sentence.substr(0, 21), "no replica count from") << checks[0].sentence;
}

// The numbers are those of a file, as a script would print those of a cluster.
TEST_F(LoadPrometheus, ReplicasMayComeFromACommand) {
  autoscaling = {};
  autoscaling.command = Command{"cat \"$HOME/replicas\"", {}, {}};
  bench.write("replicas", "2 2\n");
  const auto request = scaling_request();
  ReplicaWatch watch(http, steps, clock, request, autoscaling);
  auto base = bench.await(watch.base());
  ASSERT_TRUE(base.ok()) << base.error().message;
  EXPECT_EQ(*base, 2);
  bench.write("replicas", "2 5\n");
  EXPECT_TRUE(bench.await(watch.look()));
  EXPECT_FALSE(bench.await(watch.look())) << "not before two seconds have passed";
  const auto now = static_cast<double>(clock.now().time_since_epoch().count()) / 1000;
  const ScalingWindow all{now - 60, now, now + 60};
  auto ready = bench.await(watch.series(all));
  auto desired = bench.await(watch.desired(all));
  ASSERT_TRUE(ready.ok() && desired.ok());
  ASSERT_EQ(ready->size(), 2u);
  EXPECT_EQ(ready->back().value, 2);
  EXPECT_EQ(desired->front().value, 2);
  EXPECT_EQ(desired->back().value, 5);
  // The next runner has what was seen before.
  ReplicaWatch next(http, steps, clock, request, autoscaling);
  EXPECT_EQ(bench.await(next.series(all))->size(), 2u);
  EXPECT_TRUE(std::filesystem::is_empty(bench.root + "/attempt/steps")) << "a step each, and none is left";
  for (const auto* wrong : {"many\n", "", "-1\n", "nan\n"}) {
    bench.write("replicas", wrong);
    ReplicaWatch blind(http, steps, clock, request, autoscaling);
    EXPECT_FALSE(bench.await(blind.look())) << wrong;
  }
}

TEST_F(LoadPrometheus, AMuteServerIsInconclusiveInBoundedTime) {
  std::unique_ptr<Companion> mute;
  url = "http://127.0.0.1:" + python("mute", mute_py, mute);
  VerifySpec spec;
  spec.prometheus = url;
  spec.checks = {{"error ratio", "errors_ratio", {Bound::Relation::less, 0.01, "< 0.01"}}};
  auto before = clock.now();
  auto outcome = verify(spec);
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive);
  EXPECT_LT(clock.now() - before, Milliseconds(25'000));
}

}  // namespace
}  // namespace quietgate
