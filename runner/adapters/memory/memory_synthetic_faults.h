// The synthetic faults of this process.
#pragma once

#include <map>

#include "runner/ports/synthetic_faults.h"

namespace quietgate {

class MemorySyntheticFaults final : public SyntheticFaults {
 public:
  void raise(const RunId& run) override { ++up_[run]; }
  void lower(const RunId& run) override;
  std::vector<RunId> raised() const override;
  void show() override { shown_ = true; }
  bool shown() const override { return shown_; }

 private:
  std::map<RunId, int> up_;  // number of stages that raise the fault, for runs with at least one
  bool shown_ = false;
};

}  // namespace quietgate
