// The load stage with real Locust, under a real leader, against a real (small) HTTP server.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "runner/adapters/clock/posix_clock.h"
#include "runner/adapters/local_steps/local_steps.h"
#include "runner/base/program_path.h"
#include "stages/load/load.h"
#include "stages/load/load_process.h"
#include "stages/load/load_rows.h"
#include "stages/load/load_source.h"
#include "stages/load/locust_scripts.h"
#include "tests/support/companion.h"
#include "tests/support/scripted_load.h"
#include "tests/support/specs.h"

namespace quietgate {

// Answers 200, or 500 for /bad; counts; says its port and, at the end, how many it answered.
constexpr const char* server_py = R"py(
import http.server, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count = 0
    def do_GET(self):
        Handler.count += 1
        self.send_response(500 if self.path == "/bad" else 200)
        body = str(Handler.count).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print("port", server.server_address[1], flush=True)
server.serve_forever()
)py";

constexpr const char* usual_py = R"py(
import os
from locust import HttpUser, task, constant
open(os.environ["HOME"] + "/locust.pid", "w").write(str(os.getpid()) + "\n")
class Visitor(HttpUser):
    wait_time = constant(0.02)
    @task
    def look(self):
        self.client.get("/")
)py";

class LoadLocust : public testing::Test {
 protected:
  LoadLocust() { bench.real = true; }
  void SetUp() override {
    if (find_on_path("locust", "/usr/local/bin:/usr/bin:/bin").empty()) {
      GTEST_SKIP() << "LOCUST IS NOT INSTALLED: this test needs the Debian package python3-locust";
    }
    bench.write("server.py", server_text());
    CompanionSpec process;
    process.argv = {"/usr/bin/python3", bench.root + "/server.py"};
    process.environment = {{"PATH", "/usr/bin:/bin"}};
    process.log = bench.root + "/server.log";
    server = std::make_unique<Companion>(process);
    for (int tries = 0; tries < 1200 && bench.read("server.log").find('\n') == std::string::npos; ++tries) {
      std::this_thread::sleep_for(Milliseconds(25));
    }
    auto text = bench.read("server.log");
    ASSERT_EQ(text.substr(0, 5), "port ") << text;
    spec.host = "http://127.0.0.1:" + text.substr(5, text.find('\n') - 5);
    spec.locustfile = "locustfile.py";
    spec.users = 4;
    spec.spawn_rate = 20;
    spec.duration = Milliseconds(4'000);
  }
  virtual const char* server_text() const { return server_py; }
  StageRequest request(const std::string& locustfile) {
    bench.write("checkout/locustfile.py", locustfile);
    auto made = bench.request(spec, "load");
    made.environment["PATH"] = "/usr/local/bin:/usr/bin:/bin";
    return made;
  }
  StageOutcome run(const std::string& locustfile) {
    return bench.await(LoadStage(steps, http, clock).run(request(locustfile)));
  }
  pid_t locust_pid() const { return static_cast<pid_t>(std::atoi(bench.read("locust.pid").c_str())); }
  std::string log() const { return bench.log.all() + bench.read("attempt/log"); }

  StageBench bench;
  PosixClock clock{bench.loop.get_executor()};
  LocalSteps steps{bench.loop.get_executor(), DataLayout(bench.root)};
  ScriptedPrometheus http{clock};
  std::unique_ptr<Companion> server;
  LoadSpec spec;
};

// Calls `then` once Locust has worked for a second.
inline Task<void> after_a_second(PosixClock& clock, std::string rows, std::function<void()> then) {
  Stop never;
  LoadReport report{Milliseconds(0)};
  LoadRows reader(rows, LoadSpec{});
  while (report.seconds.empty()) {
    co_await clock.sleep(Milliseconds(50), never);
    reader.read_into(report);
  }
  then();
}

}  // namespace quietgate
