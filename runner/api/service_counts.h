// What has happened since the service started, for /metrics.
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
  // Each new row once.
  void observe(const Row& row);
};

}  // namespace quietgate
