// The disk's work on a pool of its own: what takes long there holds up no call to a remote.
#pragma once

#include "runner/base/blocking_pool.h"
#include "runner/ports/disk.h"

namespace quietgate {

class PoolDisk final : public Disk {
 public:
  // `pool` outlives it.
  explicit PoolDisk(BlockingPool& pool) : pool_(pool) {}
  Task<void> perform(std::function<void(const StopFlag& stop)> work, Stop& stop) override {
    return pool_.run<void>(std::move(work), stop);
  }

 private:
  BlockingPool& pool_;
};

}  // namespace quietgate
