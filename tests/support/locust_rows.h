// Rows as locust_listener.py writes them, for tests of what is read from them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "stages/load/request_lines.h"

namespace quietgate {

class LocustRowWriter {
 public:
  LocustRowWriter& loaded() { return row(R"({"kind": "loaded", "version": 2, "locust": "2.12.1"})"); }
  LocustRowWriter& started(double time = 1'700'000'000.25) {
    return row(R"({"kind": "started", "time": )" + std::to_string(time) + "}");
  }
  // One second with these response times (ms); the first `failed` of them are failures.
  LocustRowWriter& second(const std::vector<double>& times, int failed = 0, int raised = 0, int users = 4) {
    double sum = 0, smallest = times.empty() ? 0 : times[0], largest = smallest;
    std::string buckets;
    for (double time : times) {
      sum += time;
      smallest = time < smallest ? time : smallest;
      largest = time > largest ? time : largest;
      buckets += (buckets.empty() ? "[" : ", [") + std::to_string(bucket_of(time)) + ", 1]";
    }
    auto n = std::to_string(times.size());
    exceptions_ += raised;
    requests_ += static_cast<std::int64_t>(times.size());
    failures_ += failed;
    return row(R"({"kind": "second", "second": )" + std::to_string(seconds_++) + R"(, "users": )" +
               std::to_string(users) + R"(, "exceptions": )" + std::to_string(exceptions_) + schedule_ +
               R"(, "endpoints": [{"name": ")" + endpoint_ + R"(", "requests": )" + n + R"(, "failures": )" +
               std::to_string(failed) + R"(, "timed": )" + n + R"(, "sum": )" + std::to_string(sum) + R"(, "min": )" +
               std::to_string(smallest) + R"(, "max": )" + std::to_string(largest) + R"(, "buckets": [)" + buckets +
               "]}]}");
  }
  LocustRowWriter& seconds(int count, const std::vector<double>& times, int failed = 0) {
    for (int i = 0; i < count; ++i) second(times, failed);
    return *this;
  }
  // Of the seconds that follow.
  LocustRowWriter& schedule(int intended, int begun) {
    schedule_ = R"(, "intended": )" + std::to_string(intended) + R"(, "begun": )" + std::to_string(begun);
    return *this;
  }
  LocustRowWriter& waiting(int requests) {
    schedule_ = R"(, "waiting": )" + std::to_string(requests);
    return *this;
  }
  LocustRowWriter& gone(int raised, int left, const std::string& error) {
    schedule_ = R"(, "gone": {"raised": )" + std::to_string(raised) + R"(, "left": )" + std::to_string(left) +
                R"(, "error": ")" + error + R"("})";
    return *this;
  }
  LocustRowWriter& cpu(double cores) {
    schedule_ += R"(, "cpu": )" + std::to_string(cores);
    return *this;
  }
  LocustRowWriter& endpoint(std::string name) {
    endpoint_ = std::move(name);
    return *this;
  }
  LocustRowWriter& stopping(double elapsed) {
    return row(R"({"kind": "stopping", "elapsed": )" + std::to_string(elapsed) + "}");
  }
  LocustRowWriter& final(const std::string& errors = "") {
    return row(R"({"kind": "final", "requests": )" + std::to_string(requests_) + R"(, "failures": )" +
               std::to_string(failures_) + R"(, "exceptions": )" + std::to_string(exceptions_) + R"(, "errors": [)" +
               errors + "]}");
  }
  // Of the requests, so many had no answer at the end.
  LocustRowWriter& final_with_unanswered(int unanswered, double oldest) {
    return row(R"({"kind": "final", "requests": )" + std::to_string(requests_) + R"(, "failures": )" +
               std::to_string(failures_) + R"(, "exceptions": 0, "unanswered": )" + std::to_string(unanswered) +
               R"(, "oldest": )" + std::to_string(oldest) + R"(, "errors": [["GET /: not answered", 1]]})");
  }
  LocustRowWriter& exit(int code) { return row(R"({"kind": "exit", "code": )" + std::to_string(code) + "}"); }
  LocustRowWriter& row(const std::string& text) {
    text_ += text + "\n";
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::string schedule_;
  std::string endpoint_ = "GET /";
  int seconds_ = 0;
  std::int64_t requests_ = 0, failures_ = 0, exceptions_ = 0;
};

}  // namespace quietgate
