// What a step's leader leaves when it is killed becomes the runner's own child, however it hid: behind another session,
// control group or environment. Only who leaves while no runner lives is out of reach.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "runner/adapters/local_steps/leader_spawn.h"
#include "runner/leader/process_tree.h"

namespace quietgate {

// From now on such processes are this one's children.
void adopt_orphans();

// Those that may be of the step with this id, which began at `since`, and whose leader is dead: they began later, and
// don't carry another step's id. Neither leaders nor processes of the runner's own session.
std::vector<ProcessStat> orphans_of(const std::string& id, std::uint64_t since, const LeaderSource& source);

// Reaps those that have ended.
class OrphanReaper {
 public:
  // Leaders, and what else others wait for, are left to them; but not for ever what only calls itself a leader.
  void reap();

 private:
  pid_t left_ = 0;  // what was left to others, and since when
  std::chrono::steady_clock::time_point since_;
};

// Clock ticks since boot, as the start of a process is told.
std::uint64_t ticks_now();

}  // namespace quietgate
