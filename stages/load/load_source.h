// The sources of load and how each is called: Locust, k6, or a command.
#pragma once

#include <string>

#include "runner/base/result.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"
#include "stages/load/load_spec.h"

namespace quietgate {

// One of the loads that a stage runs, one after the other.
struct PlannedLoad {
  int number = 1;         // from 1
  int of = 1;             // how many there are
  bool baseline = false;  // of the service that is compared with
  std::string host;       // URL of the service under load
  std::string rows;       // file that the source writes its rows to
  std::string step;       // name of the step, of the attempt
};

// Checks the source, writes what it needs into the attempt's directory, and answers how to run it. Errors of kind step:
// its file is missing, leads out of the checkout or has a name that can't be used. Errors of kind infrastructure: the
// tool is not installed, or a file could not be written.
Result<StepSpec> prepare_load(const StageRequest& request, const LoadSpec& spec, const PlannedLoad& load);

}  // namespace quietgate
