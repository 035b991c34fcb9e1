// Faults that exist in the runner's own metrics only: raised before a load, they prove that an alert gets through. A
// port, because stages raise and /metrics shows; no event, because none may outlive the process. The loop alone calls
// it.
#pragma once

#include <vector>

#include "runner/model/types.h"

namespace quietgate {

class SyntheticFaults {
 public:
  virtual ~SyntheticFaults() = default;
  virtual void raise(const RunId& run) = 0;
  virtual void lower(const RunId& run) = 0;       // one for each raise; the fault is up until the last
  virtual std::vector<RunId> raised() const = 0;  // whose fault is up now, in their order
  virtual void show() = 0;                        // from now on there is a metrics endpoint that shows them
  virtual bool shown() const = 0;
};

}  // namespace quietgate
