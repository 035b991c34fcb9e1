// A world for the load and verify stages in fake time: a Locust that writes rows by a script, and a Prometheus that
// answers from a function of time.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "runner/ports/http.h"
#include "tests/support/fake_clock.h"
#include "tests/support/only_runs.h"
#include "tests/support/stage_bench.h"

namespace quietgate {

class ScriptedLocust : public OnlyRuns {
 public:
  explicit ScriptedLocust(Clock& clock) : clock_(clock) {}
  struct Line {
    Milliseconds at;  // after the start
    std::string rows;
  };
  std::vector<Line> lines;
  Milliseconds ends_at{0};
  Result<StepExit> exit = StepExit{};
  std::vector<StepSpec> ran;
  std::function<void(std::size_t number)> starting;  // before each, from 1
  std::vector<StopReason> stopped;
  bool known = false;     // the step was started by a runner before
  bool recorded = false;  // and has ended: `exit` is its exit

  Task<Result<StepExit>> run(StepSpec spec, Stop& stop) override {
    ran.push_back(spec);
    if (recorded) co_return exit;
    if (starting) starting(ran.size());
    try {
      co_await play(spec.environment.at("QUIETGATE_LOAD_FILE"), stop);
    } catch (const Stopped& why) {
      stopped.push_back(why.reason);
      throw;
    }
    co_return exit;
  }
  Result<std::optional<StepExit>> status(const StepName&) override {
    if (!known) return infrastructure_error("never held a step");
    return std::optional<StepExit>();
  }

 private:
  Task<void> play(std::string path, Stop& stop) {
    Milliseconds passed{0};
    for (const auto& line : lines) {
      co_await clock_.sleep(line.at - std::exchange(passed, line.at), stop);
      std::ofstream(path, std::ios::binary | std::ios::app) << line.rows;
    }
    co_await clock_.sleep(ends_at - passed, stop);
  }
  Clock& clock_;
};

class ScriptedPrometheus : public Http {
 public:
  explicit ScriptedPrometheus(Clock& clock) : clock_(clock) {}
  std::function<double(double)> value = [](double) { return 1.0; };  // by the server's time
  double ahead = 0;                                                  // seconds that the server's clock is ahead of ours
  std::function<Result<HttpResponse>()> instead;                     // answers everything but time() when set
  bool timeless = false;                                             // does not answer time()
  int asked = 0;

  Task<Result<HttpResponse>> send(HttpRequest request, Stop& stop) override {
    stop.throw_if_requested();
    ++asked;
    auto text = request.url + "?" + request.body;
    double now = static_cast<double>(clock_.now().time_since_epoch().count()) / 1000 + ahead;
    HttpResponse response;
    response.status = 200;
    response.sent = response.received = clock_.now();
    if (text.find("time%28%29") != std::string::npos || text.find("time()") != std::string::npos) {
      if (timeless) co_return infrastructure_error("connection refused");
      response.body = answer("scalar", fmt::format("[{:.3f},\"{:.3f}\"]", now, now));
    } else if (instead) {
      co_return instead();
    } else if (text.find("/query_range") != std::string::npos) {
      std::string values;
      double step = field(text, "step"), begin = field(text, "start"), end = field(text, "end");
      const bool stamps = text.find("timestamp%28") != std::string::npos;
      for (int i = 0; begin + i * step <= end + 1e-6; ++i) {
        const double at = begin + i * step;
        values += (i > 0 ? "," : "") + (stamps ? fmt::format("[{:.3f},\"{:.3f}\"]", at, sampled(at)) : sample(at));
      }
      response.body = answer("matrix", "[{\"metric\":{},\"values\":[" + values + "]}]");
    } else {
      response.body = answer("vector", "[{\"metric\":{},\"value\":" + sample(now) + "}]");
    }
    co_return response;
  }
  // When the sample was taken that is the newest at this moment.
  std::function<double(double)> sampled = [](double at) { return at; };
  static std::string answer(const std::string& type, const std::string& result) {
    return R"({"status":"success","data":{"resultType":")" + type + R"(","result":)" + result + "}}";
  }

 private:
  std::string sample(double time) const {
    auto v = value(time);
    return fmt::format("[{:.3f},\"{}\"]", time, std::isnan(v) ? "NaN" : fmt::format("{}", v));
  }
  static double field(const std::string& text, const std::string& name) {
    auto at = text.find(name + "=");
    return at == std::string::npos ? 1 : std::strtod(text.c_str() + at + name.size() + 1, nullptr);
  }
  Clock& clock_;
};

// Runs the task to its end; whenever nothing is left to do, time goes on by 50 ms. `each` is called at every such step.
template <class T>
T await_in_time(StageBench& bench, FakeClock& clock, Task<T> task, const std::function<void()>& each = {}) {
  std::optional<T> answer;
  std::exception_ptr thrown;
  bool done = false;
  struct Keep {
    static Task<void> it(Task<T> from, std::optional<T>& to) { to.emplace(co_await std::move(from)); }
  };
  spawn(bench.loop.get_executor(), Keep::it(std::move(task), answer), [&](std::exception_ptr problem) {
    thrown = problem;
    done = true;
  });
  for (int steps = 0; !done && steps < 100'000; ++steps) {
    bench.loop.restart();
    while (bench.loop.poll() > 0) {
    }
    if (done) break;
    clock.advance(Milliseconds(50));
    if (each) each();
  }
  if (thrown) std::rethrow_exception(thrown);
  return std::move(answer).value();
}

}  // namespace quietgate
