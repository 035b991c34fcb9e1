// The last lines of the logs of stages that went wrong, as a report shows them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "runner/api/run_record.h"
#include "runner/cli/terminal/terminal.h"
#include "runner/ports/attempt_store.h"

namespace quietgate {

// Bytes of a log's end that are enough for log_end().
constexpr std::int64_t log_end_bytes = 8 * 1024;

// Whether a report shows the end of this stage's log: it failed, ended by an error, or was inconclusive.
bool shows_log_end(const StageState& stage);

// The last whole lines of the text, at most 15, made harmless and indented; empty when there are none. `begins_inside`:
// the text begins somewhere in the log, so its first line is left out.
std::string log_end(std::string_view text, bool begins_inside, const Terminal& terminal);

// By stage, of a run of this machine: the bytes at the ends of their logs, for log_end(). A log that fits is whole.
std::map<std::string, std::string> log_ends_in(AttemptStore& store, const RunRecord& record);

}  // namespace quietgate
