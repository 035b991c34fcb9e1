// How a leader comes into being.
#pragma once

#include "runner/core/result.h"
#include "runner/leader/descriptor.h"
#include "runner/leader/order.h"

namespace quietgate {

struct SpawnedLeader {
  Descriptor pid;     // a pidfd: readable at its end
  Descriptor report;  // doesn't block: a packet `+` (runs), `-` (its status is written) or `!` and what failed; see Leader
};

// The leader's program as a sealed file in memory.
Result<Descriptor> make_leader_program();

// A leader that is there, and prepared, before its step is known: its start is not felt by a step. It ends when nobody
// holds this any more. It has inherited nothing else: no descriptor, no variable, no blocked or ignored signal.
class WaitingLeader {
 public:
  // Errors are infrastructure.
  static Result<WaitingLeader> spawn(int program);
  // Of the step that it will lead.
  const std::string& id() const { return id_; }
  // Gives it the order, whose id is `id()`, and a copy of the lock. False: it is gone, and reaped; another may do.
  Result<bool> give(const LeaderOrder& order, const Descriptor& lock);
  // After give().
  SpawnedLeader leading() && { return {std::move(pid_), std::move(socket_)}; }

 private:
  std::string id_;
  Descriptor pid_;
  Descriptor socket_;
};

// 128 random bits in hexadecimal.
std::string random_id();
// The kernel's id of this boot; empty when it tells none.
std::string boot_id();

}  // namespace quietgate
