// Time for the service: what it waits for is on the world's agenda, and is forgotten when the service is killed.
#pragma once

#include "runner/ports/clock.h"
#include "tests/simulation/world.h"

namespace quietgate {

class SimClock final : public Clock {
 public:
  SimClock(World& world, Executor executor) : world_(world), executor_(std::move(executor)) {}
  Time now() const override { return world_.now(); }
  Task<void> sleep(Milliseconds span, Stop& stop) override;

 private:
  World& world_;
  Executor executor_;
};

}  // namespace quietgate
