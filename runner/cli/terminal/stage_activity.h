// The progress of a running stage, besides its rows in the journal.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/model/outcome.h"
#include "runner/model/types.h"
#include "runner/ports/progress_board.h"

namespace quietgate {

struct StageActivity {
  std::optional<Milliseconds> elapsed;  // of `duration`: a bar with the time left
  std::optional<Milliseconds> duration;
  std::string line;  // one short line: figures, or the last line of its log
};
// Attempt 0: what the stage waits for; an empty stage is the whole run.
using ActivityOf = std::function<StageActivity(const RunId& run, const std::string& stage, int attempt)>;

// From the text of an attempt's progress and the end of its log; either may be empty.
StageActivity activity_of(std::string_view progress, std::string_view log_end);
// From an attempt's directory: its progress and its log. For runs on this machine.
StageActivity activity_of_directory(const ProgressBoard& board, const std::string& attempt_directory);

// The current proofs of the gate, from the text of an attempt's progress; empty if there are none.
std::vector<Proof> proofs_so_far(std::string_view progress);

}  // namespace quietgate
