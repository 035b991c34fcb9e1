// A line for each request to the rows that locust_listener.py writes. Pure.
//
// plain: {"name": "GET /", "t": 1700000000.123, "ms": 12.5, "ok": true}   `t`: when it ended, seconds since the epoch;
// k6: the points of its JSON output, of which http_req_duration, vus, iterations and dropped_iterations are read.
//
// The load begins with the first request. Lines may be up to three seconds out of order; those that come later count
// in the first second that is still open. A time far beyond the load's duration is a clock that jumped, and no request.
// Of the names of a load, the first hundred are told apart.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "runner/model/types.h"

namespace quietgate {

class RequestLines {
 public:
  enum class Format { plain, k6 };
  explicit RequestLines(Format format, Milliseconds duration = Milliseconds(14LL * 24 * 3600 * 1000));

  // Takes the next bytes, cut anywhere; answers rows. A line that makes no sense gives a row `damage` that says so, and
  // nothing after it is read.
  std::string add(std::string_view bytes);
  // The source has ended. Its last line may lack the newline, unless it was cut off with its source.
  std::string finish(bool in_order = true);

 private:
  struct Endpoint {
    std::int64_t requests = 0, failures = 0;
    double sum = 0, least = 0, most = 0;
    std::map<std::int64_t, std::int64_t> buckets;
  };
  struct Second {
    std::map<std::string, Endpoint> endpoints;
    std::int64_t begun = 0, dropped = 0;
  };
  void line(std::string_view text, std::string& rows);
  void damage(const std::string& words, std::string& rows);
  void k6_point(const nlohmann::json& point, std::string& rows);
  void request(double time, std::string name, double milliseconds, bool ok, std::string& rows);
  Second& at(double time);
  void write_until(std::int64_t second, std::string& rows);

  Format format_;
  std::int64_t most_seconds_;
  std::set<std::string> names_;
  std::string partial_;
  std::optional<double> begin_;
  double newest_ = 0;
  std::map<std::int64_t, Second> seconds_;
  std::int64_t written_ = 0;
  int users_ = 0;
  bool iterated_ = false;   // k6 counts iterations
  bool scheduled_ = false;  // and dropped some: it had a schedule
  std::int64_t requests_ = 0, failures_ = 0;
  std::int64_t lines_ = 0;
  bool broken_ = false;
};

// The bucket in which a response time is counted (locust_listener.py).
std::int64_t bucket_of(double milliseconds);

}  // namespace quietgate
