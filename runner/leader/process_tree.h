// Who is whose child, as /proc tells. A process is named by its pid and the time it started, since pids come again.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quietgate {

struct ProcessStat {
  pid_t pid = 0;
  char state = '?';
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  std::uint64_t start = 0;  // clock ticks since boot
  bool dead() const { return state == 'Z' || state == 'X'; }
};

// Nothing when no such process exists.
std::optional<ProcessStat> read_stat(pid_t pid);

// All processes of this machine (of this pid namespace).
std::vector<ProcessStat> all_processes();

// The children of `root`, their children and so on; not `root` itself, and nothing that is dead already.
std::vector<ProcessStat> descendants_of(pid_t root);

// The processes that a step's leader left behind when it died: those that carry `marker` (`NAME=value`) in their
// environment, those of the leader's session, and all below them. Nothing of another boot may be asked for.
std::vector<ProcessStat> left_behind(const std::string& marker, pid_t leader, std::uint64_t leader_start);

// Signals exactly that process, or nothing if it is gone. False when it could not be signalled though it lives.
bool signal_process(const ProcessStat& process, int signal);

}  // namespace quietgate
