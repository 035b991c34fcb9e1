#include "runner/adapters/local_steps/left_behind.h"

#include <sys/wait.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "runner/adapters/local_steps/orphans.h"
#include "runner/leader/control_group.h"
#include "runner/leader/process_tree.h"

namespace quietgate {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds look_for_left_again{5};
constexpr Milliseconds kill_patience{30'000};
constexpr int sure_after = 3;                 // looks that find nothing
constexpr Milliseconds stop_patience{1'000};  // to stop what forks while it is being stopped

Task<void> nap(Executor executor, Milliseconds span) {
  asio::steady_timer timer(executor, span);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

// Ends what a dead leader left, as the leader would have; says what came of it. All are stopped before the first is
// signalled: a parent that died would leave children that nothing connects with the step any more. Who keeps forking
// is not waited for here: only the kernel's own means end it.
Task<std::string> end_left(Executor executor, StepLed led, StepAsked told, const LeaderSource& source,
                           std::uint64_t kept) {
  const auto began = std::chrono::steady_clock::now();
  const auto marker = std::string(step_marker) + "=" + told.id;
  auto group = led.group.empty() ? control_group_of(told.id) : led.group;
  if (!is_control_group_of(group, told.id)) group.clear();
  // What hid from all the rest is a child of ours by now. But what another step left on purpose may look like that.
  const bool sure = kept < led.step_start;
  auto look = [&] {
    auto others = control_group_members(group);
    if (sure) {
      for (const auto& orphan : orphans_of(told.id, led.step_start, source)) others.push_back(orphan.pid);
    }
    return processes_left_by(marker, led.leader, led.leader_start, others);
  };
  std::set<std::pair<int, std::uint64_t>> known;
  auto left = look();
  for (bool fresh = true; fresh && std::chrono::steady_clock::now() - began < stop_patience; left = look()) {
    fresh = false;
    for (const auto& process : left.living) fresh |= known.emplace(process.pid, process.start).second;
    if (!fresh) continue;
    signal_group_of(led.step, led.step_start, SIGSTOP);
    signal_all(left, SIGSTOP);
    co_await nap(executor, Milliseconds(1));
  }
  for (int signal : {told.stop_signal, SIGCONT}) {
    signal_group_of(led.step, led.step_start, signal);
    signal_all(left, signal);
  }
  // One look can miss who forks and ends all the time. The dead count only for a while: maybe nobody reaps them.
  for (int empty = 0; empty < sure_after && std::chrono::steady_clock::now() - began < told.grace + kill_patience;) {
    // They are our children now, and would be taken for living members of their groups.
    for (const auto& [pid, start] : known) ::waitpid(pid, nullptr, WNOHANG);
    if (led.step > 1) ::waitpid(led.step, nullptr, WNOHANG);
    left = look();
    const auto passed = std::chrono::steady_clock::now() - began;
    const bool kill = passed >= told.grace;
    const bool hidden = control_group_lives(group) ||
                        (passed < told.grace + stop_patience && signal_group_of(led.step, led.step_start, 0));
    empty = left.living.empty() && !hidden ? empty + 1 : 0;
    for (const auto& process : left.living) {
      const bool fresh = known.emplace(process.pid, process.start).second;
      if (fresh && !kill) signal_process(process, told.stop_signal);
    }
    if (kill) kill_control_group(group);
    if (kill) signal_group_of(led.step, led.step_start, SIGKILL);
    if (kill) signal_all(left, SIGKILL);
    const auto pause = empty > 0 ? Milliseconds(1) : look_for_left_again * 4;
    co_await nap(executor, pause);
  }
  remove_control_group(group);
  auto said = "; " + std::to_string(known.size()) + " processes of the step were ended";
  if (!left.living.empty())
    said += ", " + std::to_string(left.living.size()) + " could not be: " + list_processes(left.living);
  const auto unsure = sure ? std::vector<ProcessStat>() : orphans_of(told.id, led.step_start, source);
  if (!unsure.empty())
    said += "; " + std::to_string(unsure.size()) +
            " that may be the step's, or left by another, run on: " + list_processes(unsure);
  co_return said;
}

}  // namespace quietgate
