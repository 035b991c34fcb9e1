#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/api/run_record.h"
#include "runner/cli/terminal/terminal.h"

namespace quietgate {

// The judgements of a run's gates, with their proofs. `so_far`: the proofs of gates that are being judged, by stage.
std::string gate_report(const RunRecord& record, const Terminal& terminal,
                        const std::map<std::string, std::vector<Proof>>& so_far);

}  // namespace quietgate
