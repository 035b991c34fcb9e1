#include "runner/adapters/memory/memory_load_metrics.h"

namespace quietgate {

void MemoryLoadMetrics::begin(const std::string& repository) {
  ++by_repository_[repository].active;
}

void MemoryLoadMetrics::end(const std::string& repository) {
  --by_repository_[repository].active;
}

void MemoryLoadMetrics::count(const std::string& repository, std::int64_t requests, std::int64_t failed) {
  auto& counts = by_repository_[repository];
  counts.requests += requests;
  counts.failed += failed;
}

}  // namespace quietgate
