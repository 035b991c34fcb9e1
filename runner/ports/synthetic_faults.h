// Faults that exist in the runner's own metrics only: raised before a load, they prove that an alert gets through.
#pragma once

#include <map>
#include <string>

#include "runner/model/types.h"

namespace quietgate {

struct SyntheticFaults {
  bool exported = false;  // there is a metrics endpoint that shows them
  // How many stages hold each run's fault up now; a run without is not here. The loop alone touches it.
  std::map<RunId, int> raised;
};

}  // namespace quietgate
