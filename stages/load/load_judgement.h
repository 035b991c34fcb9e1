// Whether a load ran to its end and held what was expected of it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/model/outcome.h"
#include "stages/load/load_report.h"
#include "stages/load/load_spec.h"

namespace quietgate {

// How Locust's process ended.
struct LoadEnd {
  enum class How { exited, killed, not_started, overdue };
  How how = How::exited;
  int code = 0;
  std::string words;     // `exit status 1`, `killed by SIGKILL`
  std::string last_log;  // the end of the log, for Locust's own error line
};

// Whether the load ran to its end: nothing when it did, else the one check that says what happened and to whom. `root`
// is the checkout; paths below it are printed relative to it.
std::optional<Check> judge_completion(const LoadReport& report, const LoadEnd& end, const LoadSpec& spec,
                                      const std::string& root);

// Every expectation of the load, and that there was any load. For one that ran to its end.
std::vector<Check> judge_load(const LoadReport& report, const LoadEnd& end, const LoadSpec& spec);
// Of them those of the load alone: that there was any, and that it kept its schedule.
std::vector<Check> judge_course(const LoadReport& report, const LoadSpec& spec);

// Whose load it is; as text `Locust`, `k6`, `the command`.
enum class LoadSource { locust, k6, command };
LoadSource source_of(const LoadSpec& spec);
const char* to_string(LoadSource source);

// Where the steady state begins, in whole seconds of the load: after the warm-up, with all users of a load that has one
// number of them, and after the first replica that came, when replicas are to come (`scaled_after` seconds; negative:
// none came).
Milliseconds steady_from(const LoadReport& report, const LoadSpec& spec, double scaled_after);

// What loads are compared by: p50, p95, p99 (ms), failure_ratio, requests_per_second. Each is a value, or lacking with
// the reason: too few requests, or a schedule that was not kept.
struct LoadValues {
  std::map<std::string, double> values;
  std::map<std::string, std::string> lacking;
};
LoadValues measures_of(const LoadReport& report);

// Whether the load is pointless to go on with: nothing but exceptions and not one request, or no user left.
bool hopeless(const LoadReport& report, const LoadSpec& spec);

}  // namespace quietgate
