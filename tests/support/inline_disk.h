// A disk that works at once, on the caller's thread.
#pragma once

#include "runner/ports/disk.h"

namespace quietgate {

class InlineDisk final : public Disk {
 public:
  Task<void> perform(std::function<void(const StopFlag& stop)> work, Stop& stop) override {
    stop.throw_if_requested();
    ++calls;
    const StopFlag never{false};
    work(never);
    co_return;
  }
  int calls = 0;
};

}  // namespace quietgate
