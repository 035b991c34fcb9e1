// What Locust (or another source of load) did, from the rows that locust_listener.py writes. Pure.
//
// The rows come from a process that runs the commit's own code: they are checked for sense, line by line. A bucket
// stands for its upper edge (never more than 0.4 % above the value) and for no more than the largest value seen, so no
// percentile is printed lower than it was.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runner/model/types.h"

namespace quietgate {

// Response times, counted in the listener's log-linear buckets.
class ResponseTimes {
 public:
  void add(std::int64_t bucket, std::int64_t count);
  void set_extremes(double sum, double smallest, double largest);  // of all that was added
  void merge(const ResponseTimes& other);
  std::int64_t count() const { return count_; }
  double percentile(double q) const;       // milliseconds, nearest rank; NaN when empty
  double ranked(std::int64_t rank) const;  // milliseconds, the rank-th smallest, from 1; NaN when there is none
  double mean() const;                     // milliseconds; NaN when empty
  double largest() const { return largest_; }

 private:
  std::map<std::int64_t, std::int64_t> buckets_;
  std::int64_t count_ = 0;
  double sum_ = 0;
  double smallest_ = 0;
  double largest_ = 0;
};

struct LoadSecond {
  int users = 0;
  double cpu = 0;             // of the busiest generating process, in cores
  std::int64_t intended = 0;  // tasks by the schedule, where there is one
  std::int64_t begun = 0;     // and those that began
  std::int64_t waiting = -1;  // requests under way for a second or more at its end; negative: not known
  std::int64_t requests = 0;
  std::int64_t failures = 0;
  double p50 = 0;  // milliseconds; NaN in a second without an answer
  double p95 = 0;
  double p99 = 0;
};

struct LoadEndpoint {
  std::int64_t requests = 0;  // from the start
  std::int64_t failures = 0;
  ResponseTimes steady;
  std::int64_t steady_requests = 0;
};

struct LostWorker {
  std::string name;
  std::string words;  // `killed by signal 9`; of one that must not be there: `is one more than ...`
  double elapsed = 0;
  bool gone = true;
};

struct JoinedWorkers {
  std::int64_t joined = 0;
  std::int64_t expected = 0;
};

// Whole seconds of the steady state, one after the other, in which users were there and nothing was answered.
struct AnswerGap {
  std::int64_t from = 0;  // of the load
  std::int64_t seconds = 0;
  int users = 0;
  double missed = 0;  // requests that the other seconds' rate would have made in it
};

// Users that ended in mid-load: Locust goes on without them.
struct GoneUsers {
  std::int64_t raised = 0;  // by an exception, in `on_start` say
  std::int64_t left = 0;    // by themselves (StopUser)
  std::string error;        // of the first that raised: `RuntimeError: no login`
  std::int64_t all() const { return raised + left; }
};

// What went wrong with requests or tasks of the load, as often as it did.
struct LoadError {
  std::string text;  // of a request `GET /: 500`, of an exception `KeyError: 'id'`
  std::int64_t count = 0;
  bool raised = false;  // by the locustfile, beside its requests
};

struct LoadCrash {
  std::string error;  // `SyntaxError: invalid syntax`
  std::string file;
  int line = 0;
};

class LoadReport {
 public:
  // The steady state begins when the warm-up is over, with a whole second, and ends with the load or before `until`.
  explicit LoadReport(Milliseconds warm_up, std::optional<Milliseconds> until = std::nullopt)
      : warm_up_seconds_((warm_up.count() + 999) / 1000) {
    if (until) steady_until_ = (until->count() + 999) / 1000;
  }
  std::int64_t steady_from() const { return warm_up_seconds_; }

  // Takes the next bytes of the file, cut anywhere; only whole lines are read.
  void add(std::string_view bytes);

  bool own_shape = false;        // the locustfile decides how many users there are
  bool loaded = false;           // Locust came up and read the listener
  std::optional<double> begin;   // of the load, seconds since the epoch
  std::optional<double> length;  // of the load, seconds: known when it ended in order
  bool finished = false;         // the final row was there
  std::vector<LoadSecond> seconds;
  std::int64_t requests = 0;  // from the start
  std::int64_t failures = 0;
  std::int64_t exceptions = 0;
  ResponseTimes steady;  // of the seconds after the warm-up
  std::int64_t steady_requests = 0;
  std::int64_t steady_failures = 0;
  std::vector<LoadError> errors;                  // most frequent first
  std::map<std::string, LoadEndpoint> endpoints;  // `GET /`
  std::optional<LoadCrash> crash;
  std::optional<LostWorker> lost;        // the first
  std::optional<JoinedWorkers> workers;  // they did not come, and there was no load
  std::int64_t unanswered = 0;           // of the requests; they count as failures
  double oldest = 0;                     // seconds that the oldest of them had waited
  GoneUsers gone;
  std::string damage;  // not empty: a row made no sense, and nothing after it was read

  double steady_length() const;  // seconds of the steady state so far
  double steady_cpu() const;     // cores at most, over the steady state
  // Of the tasks that the schedule had in the steady state, the share that began; NaN: there is no schedule.
  double achieved() const;
  // The longest; none: `seconds` is 0. Where it is known that nobody waited, there is none.
  AnswerGap silence() const;

 private:
  void add_line(std::string_view line);
  void add_second(const nlohmann::json& row);
  void add_endpoint(const nlohmann::json& row, bool is_steady, LoadSecond& second, ResponseTimes& times);
  void add_final(const nlohmann::json& row);
  void add_gone(const nlohmann::json& row);
  std::int64_t warm_up_seconds_;
  bool scheduled_ = true;  // if iterations are told at all
  std::int64_t steady_until_ = INT64_MAX;
  std::int64_t lines_ = 0;
  std::string partial_;
};

// `20s of 45s: 40 users, 812 req/s, p95 61 ms, 0 failed`.
struct LoadProgress {
  Milliseconds elapsed{0};
  Milliseconds duration{0};
  int users = 0;
  double requests_per_second = 0;  // of the last whole second
  double p95 = 0;                  // milliseconds, of the last whole second; NaN: none
  std::int64_t failures = 0;
  int load = 1;  // of the loads of the stage
  int loads = 1;
};
LoadProgress progress_of(const LoadReport& report, Milliseconds duration);
std::string to_line(const LoadProgress& progress);
std::string to_json(const LoadProgress& progress);

}  // namespace quietgate
