// How Locust is found, started and followed.
#pragma once

#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "runner/core/result.h"
#include "runner/ports/clock.h"
#include "runner/ports/process.h"
#include "runner/ports/stage.h"
#include "stages/load_judgement.h"
#include "stages/load_report.h"

namespace quietgate {

// The text of locust_listener.py.
std::string_view locust_listener();

// Where an executable is on a PATH (colon-separated); empty: nowhere.
std::string find_on_path(const std::string& name, const std::string& path);

// Checks the locustfile, writes the listener, and says how Locust is to be run. Errors: kind step (the locustfile is
// missing, outside the checkout or has an unusable name), kind infrastructure (Locust is not installed, disk).
Result<ProcessSpec> prepare_locust(const StageRequest& request);

// Reads what the listener has written so far, from where the last read ended.
class LocustRows {
 public:
  explicit LocustRows(std::string path) : path_(std::move(path)) {}
  // False when there was nothing new. The file may not be there yet.
  bool read_into(LoadReport& report);

 private:
  std::string path_;
  std::ifstream file_;
  std::streamoff offset_ = 0;
};

// Runs Locust to its end. Calls `follow` about four times a second meanwhile (a task that may wait; it says whether
// Locust must be ended now, and why). An answer of kind infrastructure is ours. Throws Stopped only when Locust is
// dealt with as Processes::run promises.
using Follow = std::function<Task<std::optional<std::string>>()>;
Task<Result<LocustEnd>> run_locust(Processes& processes, Clock& clock, ProcessSpec spec, Stop& stop, Follow follow);

}  // namespace quietgate
