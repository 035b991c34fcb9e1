// What a running stage says of itself, beside its rows in the journal.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/model/outcome.h"
#include "runner/model/types.h"

namespace quietgate {

struct StageActivity {
  std::optional<Milliseconds> elapsed;  // of `duration`: a bar with the time left
  std::optional<Milliseconds> duration;
  std::string line;  // one short line: figures, or the last line of its log
};
// Attempt 0: what the stage waits for; an empty stage is the whole run.
using ActivityOf = std::function<StageActivity(const RunId& run, const std::string& stage, int attempt)>;

// Of the texts of progress.json and of a log's end; either may be empty.
StageActivity activity_of(std::string_view progress, std::string_view log_end);
// Of the files of an attempt's directory (`progress.json`, `log`): for runs of this machine.
StageActivity activity_of_directory(const std::string& attempt_directory);

// The gate's proofs as they stand, in the text of progress.json; empty when there are none.
std::vector<Proof> proofs_so_far(std::string_view progress);

}  // namespace quietgate
