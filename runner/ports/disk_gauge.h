// How full the disk of the data directory is, and who filled it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/base/task.h"

namespace quietgate {

struct DiskSpace {
  std::uint64_t free = 0;  // bytes, for this user
  std::uint64_t size = 0;
};

// When too little is left: less than the smaller of the two.
struct LowWaterRule {
  std::uint64_t bytes = 1ULL << 30;
  int percent = 5;
  bool operator==(const LowWaterRule&) const = default;
};

class DiskGauge {
 public:
  virtual ~DiskGauge() = default;
  virtual Result<DiskSpace> space() = 0;  // at once
  // The bytes that each folder takes on the disk; 0 of one that can't be read. May take long. Throws Stopped.
  virtual Task<std::vector<std::uint64_t>> use_of(std::vector<std::string> folders, Stop& stop) = 0;
};

}  // namespace quietgate
