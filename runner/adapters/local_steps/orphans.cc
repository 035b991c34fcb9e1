#include "runner/adapters/local_steps/orphans.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace quietgate {

namespace {

constexpr int most_at_once = 256;
constexpr std::chrono::seconds patience{10};

// A leader's name stays with it when it is dead. The process that a leader leaves to log what goes on has another one.
bool is_leader(const std::string& name) {
  return name == "qg-leader" || name == "qg-leaders" || name == "qg-waiting";
}

}  // namespace

void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

std::vector<ProcessStat> orphans_of(const std::string& id, std::uint64_t since, const LeaderSource& source) {
  auto all = all_processes();
  std::erase_if(all, [&](const ProcessStat& process) {
    if (process.parent != ::getpid() || process.dead() || process.start < since || since == 0) return true;
    if (process.session == ::getsid(0) || source.made(process.pid)) return true;
    const auto carried = environment_variable(process.pid, step_marker);
    return !carried.empty() && carried != id;
  });
  return all;
}

void OrphanReaper::reap() {
  for (int count = 0; count < most_at_once; ++count) {
    siginfo_t ended = {};
    if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) return;
    const auto stat = read_stat(ended.si_pid);
    if (!stat || stat->session == ::getsid(0)) return;
    if (is_leader(process_name(ended.si_pid))) {
      const auto now = std::chrono::steady_clock::now();
      if (std::exchange(left_, ended.si_pid) != ended.si_pid) since_ = now;
      if (now - since_ < patience) return;
    }
    ::waitid(P_PID, static_cast<id_t>(ended.si_pid), &ended, WEXITED | WNOHANG);
  }
}

std::uint64_t ticks_now() {
  struct timespec now = {};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const auto hertz = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return static_cast<std::uint64_t>(now.tv_sec) * hertz +
         static_cast<std::uint64_t>(now.tv_nsec) * hertz / 1'000'000'000U;
}

}  // namespace quietgate
