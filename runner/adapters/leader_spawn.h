// How a leader comes into being.
#pragma once

#include "runner/core/result.h"
#include "runner/leader/descriptor.h"
#include "runner/leader/order.h"

namespace quietgate {

struct SpawnedLeader {
  Descriptor pid;     // a pidfd: readable at its end
  Descriptor report;  // doesn't block: `+` (runs), `-` (ended before it ran) or `!` and what failed; see Leader
};

// The leader's program as a sealed file in memory.
Result<Descriptor> make_leader_program();

// Starts a leader with the lock. It inherits nothing else: no descriptor, no variable, no blocked or ignored signal.
// Errors are infrastructure.
Result<SpawnedLeader> spawn_leader(int program, const LeaderOrder& order, Descriptor lock);

// 128 random bits in hexadecimal.
std::string random_id();
// The kernel's id of this boot; empty when it tells none.
std::string boot_id();

}  // namespace quietgate
