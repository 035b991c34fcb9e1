#include "runner/adapters/memory/memory_synthetic_faults.h"

namespace quietgate {

void MemorySyntheticFaults::lower(const RunId& run) {
  const auto found = up_.find(run);
  if (found != up_.end() && --found->second <= 0) up_.erase(found);
}

std::vector<RunId> MemorySyntheticFaults::raised() const {
  std::vector<RunId> runs;
  for (const auto& [run, stages] : up_) runs.push_back(run);
  return runs;
}

}  // namespace quietgate
