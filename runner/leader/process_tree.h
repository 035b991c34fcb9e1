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
  unsigned flags = 0;       // the kernel's, PF_*
  bool dead() const { return state == 'Z' || state == 'X'; }
  // Forked and never executed a program: PF_FORKNOEXEC of the kernel's sched.h, which a dead process keeps too.
  bool never_executed() const { return (flags & 0x40U) != 0; }
};

// Nothing when no such process exists.
std::optional<ProcessStat> read_stat(pid_t pid);

// What `ps` calls it; empty when no such process exists.
std::string process_name(pid_t pid);
// `12 (sleep), 13 (sh) and 4 more`.
std::string list_processes(const std::vector<ProcessStat>& processes);
// Of its environment as it began; empty when it is not there, or can't be read.
std::string environment_variable(pid_t pid, const std::string& name);

// All processes of this machine (of this pid namespace).
std::vector<ProcessStat> all_processes();

struct ProcessFamily {
  std::vector<ProcessStat> living;
  std::vector<pid_t> groups;  // process groups of the living, and of the dead that nobody reaped yet, without strangers
};

// The children of `root`, their children and so on; not `root` itself.
ProcessFamily descendants_of(pid_t root);

// The processes that a step's leader left behind when it died: those that carry `marker` (`NAME=value`) in their
// environment, those of the leader's session, `others` of which is known that they are the step's, and all below them.
// Nothing of another boot may be asked for.
ProcessFamily processes_left_by(const std::string& marker, pid_t leader, std::uint64_t leader_start,
                                const std::vector<pid_t>& others = {});

// Signals exactly that process, or nothing if it is gone. False when it could not be signalled though it lives.
bool signal_process(const ProcessStat& process, int signal);

// Signals the groups, each at once, and each of the living: who forks and ends between the look and the signal escapes
// the one, but not the other.
void signal_all(const ProcessFamily& family, int signal);
// Signals the group that a process founded, be it gone since. Nothing when its pid is another's by now (who started at
// another time): then no such group is left. True when somebody was there, maybe dead already; signal 0 only asks.
bool signal_group_of(pid_t founder, std::uint64_t founder_start, int signal);

}  // namespace quietgate
