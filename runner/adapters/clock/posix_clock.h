// The machine's clocks.
#pragma once

#include "runner/ports/clock.h"

namespace quietgate {

class PosixClock final : public Clock {
 public:
  explicit PosixClock(Executor executor) : executor_(std::move(executor)) {}
  Time now() const override;
  Task<void> sleep(Milliseconds span, Stop& stop) override;
  Task<bool> passes(Milliseconds span, Stop& stop) override;

 private:
  Executor executor_;
};

}  // namespace quietgate
