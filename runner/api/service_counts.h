// Counters since the start of the service, for /metrics.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "runner/model/row.h"

namespace quietgate {

struct ServiceCounts {
  std::map<std::string, std::int64_t> runs_by_outcome;
  std::map<std::string, std::int64_t> stages_by_outcome;
  std::int64_t promotions = 0;
  std::int64_t damaged_rows = 0;
  // Call it once for each new row.
  void observe(const Row& row);
};

}  // namespace quietgate
