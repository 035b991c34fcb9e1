// The free space of a folder's disk, from the kernel.
#pragma once

#include "runner/ports/disk.h"
#include "runner/ports/disk_gauge.h"

namespace quietgate {

class DiskFiles final : public DiskGauge {
 public:
  // `disk` must outlive it.
  DiskFiles(Disk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}
  Result<DiskSpace> space() override;
  Task<std::vector<std::uint64_t>> use_of(std::vector<std::string> folders, Stop& stop) override;

 private:
  Disk& disk_;
  std::string folder_;
};

}  // namespace quietgate
