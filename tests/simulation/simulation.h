// One simulation: a service and its world from one seed, through a time of faults and then a time without, in which
// everything must come to rest.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tests/simulation/planted.h"
#include "tests/simulation/world.h"

namespace quietgate {

struct SimulationOptions {
  std::uint64_t seed = 1;
  Planted planted = Planted::none;
  bool traced = false;
  std::int64_t most_steps = 5'000'000;  // handlers of the service, before it is said to turn in circles
  std::string folder;                   // exists and is empty; left empty
};

struct SimulationReport {
  std::optional<Breach> breach;
  std::int64_t steps = 0;
  std::int64_t rows = 0;
  std::int64_t runs = 0;
  std::int64_t promotions = 0;
  std::int64_t kills = 0;
  Milliseconds simulated{0};
  std::uint64_t digest = 0;  // of the journal: equal for equal histories
};

SimulationReport simulate(const SimulationOptions& options);

}  // namespace quietgate
