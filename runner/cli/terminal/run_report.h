// The report of a run, which replaces the tree at the end.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/api/run_record.h"
#include "runner/cli/terminal/terminal.h"

namespace quietgate {

// What a report tells beside the record; each by stage, and each may be empty.
struct RunDetails {
  std::map<std::string, std::string> waiting;        // what stages wait for; the whole run's is under the empty name
  std::map<std::string, std::vector<Proof>> so_far;  // the proofs of gates that are being judged
  std::map<std::string, std::string> tests;          // texts of tests.json
  std::map<std::string, std::string> log_ends;       // the bytes at the ends of logs (log_end.h)
};

// `✗ hello/12 failed in 1m 12s: load: p95 312 ms > 250 ms`, the stages, the last lines of what failed, the checks with
// their arithmetic, the gate's proofs, environments, who decided what, and what to do.
std::string run_report(const RunRecord& record, const Terminal& terminal, Time now, const RunDetails& details = {});

}  // namespace quietgate
