// How a source of load is found, started and followed: Locust, k6, or a command.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "runner/base/program_path.h"
#include "runner/base/result.h"
#include "runner/ports/clock.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"
#include "stages/load/load_judgement.h"
#include "stages/load/load_report.h"
#include "stages/load/request_lines.h"

namespace quietgate {

// The text of locust_listener.py.
std::string_view locust_listener();

// The text of locust_shape.py.
std::string_view locust_shape();

// One load of a stage that has one or several.
struct LoadTurn {
  int number = 1;         // from 1
  int of = 1;             // how many there are
  bool baseline = false;  // the other service's
  std::string host;
  std::string rows;  // the file of the rows
  std::string step;  // of the attempt
};

// Checks the source, writes what it needs, and says how it is to be run. Errors: kind step (the file is missing,
// outside the checkout or has an unusable name), kind infrastructure (the tool is not installed, disk).
Result<StepSpec> prepare_load(const StageRequest& request, const LoadSpec& spec, const LoadTurn& turn);

// Reads what the source has written so far, from where the last read ended.
class LoadRows {
 public:
  LoadRows(std::string path, const LoadSpec& spec);
  // At most about `most` bytes; true: there may be more. The file may not be there yet.
  bool read_into(LoadReport& report, std::size_t most = SIZE_MAX);
  // The source is over, in order or not: for those that do not say so in their rows.
  void finish(LoadReport& report, bool in_order = true);

 private:
  std::string path_;
  std::uint64_t offset_ = 0;
  std::optional<RequestLines> lines_;  // of a source that tells each request
};

// Runs Locust to its end. Calls `follow` about four times a second meanwhile (a task that may wait; it says whether
// Locust must be ended now, and why). An end of its own that was there before counts, whatever `follow` said. An answer
// of kind infrastructure is ours. Throws Stopped only when Locust is dealt with as StepExecutor::run promises.
using Follow = std::function<Task<std::optional<std::string>>()>;
Task<Result<LocustEnd>> run_locust(StepExecutor& steps, Clock& clock, StepSpec spec, Stop& stop, Follow follow);

}  // namespace quietgate
