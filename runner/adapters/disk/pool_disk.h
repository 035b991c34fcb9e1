// Disk work on its own pool, so that long work does not hold up calls to remotes.
#pragma once

#include "runner/base/blocking_pool.h"
#include "runner/ports/disk.h"

namespace quietgate {

class PoolDisk final : public Disk {
 public:
  // `pool` must outlive it.
  explicit PoolDisk(BlockingPool& pool) : pool_(pool) {}
  Task<void> perform(std::function<void(const StopFlag& stop)> work, Stop& stop) override {
    return pool_.run<void>(std::move(work), stop);
  }

 private:
  BlockingPool& pool_;
};

}  // namespace quietgate
