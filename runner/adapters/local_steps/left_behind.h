// What the leader of a step left of it when it died.
#pragma once

#include <cstdint>
#include <string>

#include "runner/adapters/local_steps/leader_spawn.h"
#include "runner/base/task.h"
#include "runner/leader/step_record.h"

namespace quietgate {

// Ends it, as the leader would have, and answers what came of that, for people. `kept`: when a step ended last that may
// have left processes on purpose, in clock ticks since boot: what began later than this step, hid, and may be
// such a one is told, not ended.
Task<std::string> end_left(Executor executor, StepLed led, StepAsked told, const LeaderSource& source,
                           std::uint64_t kept);

}  // namespace quietgate
