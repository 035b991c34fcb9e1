// The report of a run, which replaces the tree at the end.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/api/run_record.h"
#include "runner/cli/terminal/terminal.h"

namespace quietgate {

// `✗ hello/12 failed in 1m 12s: load: p95 312 ms > 250 ms`, the stages, the checks with their arithmetic, the gate's
// proofs, environments, decisions and advice. `waiting`: what stages wait for, by name; the entry of the whole run has
// an empty name. `so_far`: the proofs of gates that are being judged, by stage. `tests`: the texts of tests.json, by
// stage.
std::string run_report(const RunRecord& record, const Terminal& terminal, Time now,
                       const std::map<std::string, std::string>& waiting = {},
                       const std::map<std::string, std::vector<Proof>>& so_far = {},
                       const std::map<std::string, std::string>& tests = {});

}  // namespace quietgate
