#include "runner/adapters/local_steps/led_steps.h"

#include <sys/syscall.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>

#include "runner/adapters/local_steps/first_inside.h"
#include "runner/adapters/local_steps/left_behind.h"
#include "runner/adapters/local_steps/orphans.h"
#include "runner/adapters/local_steps/readiness.h"
#include "runner/adapters/local_steps/stage_log.h"
#include "runner/base/files.h"
#include "runner/base/move_aside.h"
#include "runner/leader/control_group.h"
#include "runner/leader/process_tree.h"

namespace quietgate {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds for_ever = Milliseconds::max();
constexpr Milliseconds begin_patience{30'000};  // a leader syncs a file before its step begins
constexpr Milliseconds end_patience{45'000};    // beyond the grace: a leader sweeps, kills, syncs
constexpr Milliseconds look_again{5};

LeaderOrder order_of(const LedStep& step, const std::string& boot) {
  LeaderOrder order;
  order.record = step.record;
  order.boot = boot;
  order.journaled = !step.boot.empty();
  order.argv = step.argv;
  for (const auto& [name, value] : step.environment) order.environment.push_back(name + "=" + value);
  order.working_directory = step.working_directory;
  order.log = step.log;
  order.stdout_file = step.output;
  order.secrets = step.secrets;
  order.keep_descendants = step.keep_descendants;
  order.stop_signal = step.stop_signal;
  order.grace_milliseconds = std::max<std::int64_t>(step.grace.count(), 0);
  if (step.sandbox) {
    order.sandbox.argv = step.sandbox->argv;
    order.sandbox.filter = step.sandbox->filter;
    order.sandbox.user = step.sandbox->user;
    order.sandbox.group = step.sandbox->group;
    order.sandbox.holds = step.sandbox->holds;
  }
  return order;
}

Descriptor open_process(int pid) {
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

bool send_signal(int process, int signal) {
  return ::syscall(SYS_pidfd_send_signal, process, signal, nullptr, 0) == 0;
}

// A leader that its step has stopped is woken to hear it.
void order_end(int leader) {
  send_signal(leader, SIGTERM);
  send_signal(leader, SIGCONT);
}

std::string read_report(int fd) {
  char buffer[1024];
  const auto got = ::read(fd, buffer, sizeof buffer);
  return {buffer, got > 0 ? static_cast<std::size_t>(got) : 0};
}

StepAsked asked_of(const StepHistory& history) {
  return history.asked.value_or(StepAsked());
}

// Whether it is the record of a step of this attempt; empty: of whichever.
bool is_of(const StepHistory& history, const std::string& nonce) {
  return nonce.empty() || (history.asked && history.asked->nonce == nonce);
}

// What a leader says that could not begin.
Error not_begun(const std::string& report, const std::string& died_how) {
  if (report.size() > 1 && report[0] == '!') {
    return infrastructure_error("the step's leader could not begin: " + report.substr(1),
                                "check the space and the permissions of the data directory");
  }
  return infrastructure_error("the step's leader ended before the step began" +
                              (died_how.empty() ? "" : " (" + died_how + ")"));
}

}  // namespace

// Whatever becomes of the wait for it, it is reaped at its end.
struct LedSteps::Leading {
  explicit Leading(std::shared_ptr<Children> all) : children(std::move(all)) {}
  ~Leading() { children->reap_at_end(std::move(pid)); }
  Leading(const Leading&) = delete;
  Leading& operator=(const Leading&) = delete;
  std::shared_ptr<Children> children;
  Descriptor pid;
  Descriptor report;  // of a leader that we began ourselves
};

LedSteps::LedSteps(Executor executor)
    : executor_(std::move(executor)),
      children_(std::make_shared<Children>(executor_)),
      source_(std::make_unique<LeaderSource>(executor_, children_)),
      boot_(boot_id()) {
  adopt_orphans();
}

LedSteps::~LedSteps() {
  children_->leave();
}

std::unique_ptr<LedSteps::Leading> LedSteps::watched(Descriptor pid, Descriptor report) const {
  auto leading = std::make_unique<Leading>(children_);
  leading->pid = std::move(pid);
  leading->report = std::move(report);
  return leading;
}

Task<void> LedSteps::nap(Milliseconds span) {
  asio::steady_timer timer(executor_, span);
  co_await timer.async_wait(asio::use_awaitable);
}

Task<Result<LedSteps::Found>> LedSteps::find(StepRecord record) {
  const auto deadline = std::chrono::steady_clock::now() + begin_patience;
  for (;;) {
    auto lock = record.lock();
    if (!lock) co_return lock.error();
    // Read after the lock was asked for: a leader records the end before it lets go of it.
    auto history = record.read();
    if (!history) co_return history.error();
    Found found;
    found.history = std::move(*history);
    const auto& led = found.history.led;
    found.begun = led || !found.history.damage.empty();
    if (*lock) found.lock = std::move(*lock);
    if (found.history.exit || found.lock) co_return found;
    if (led) {
      auto process = open_process(led->leader);
      const auto stat = read_stat(led->leader);
      if (process && stat && stat->start == led->leader_start) {
        found.leading = watched(std::move(process), Descriptor());
        co_return found;
      }
    }
    if (!found.history.damage.empty()) co_return infrastructure_error(found.history.damage);
    // A leader that is just beginning, or just ending.
    if (std::chrono::steady_clock::now() > deadline) {
      co_return infrastructure_error(record.path() + " is locked, but no leader of this step is known",
                                     "find who holds it with `fuser " + record.path() + "`");
    }
    co_await nap(look_again);
  }
}

Task<Result<LedSteps::Found>> LedSteps::find_own(const LedStep& step, StepRecord record, Stop& stop) {
  for (;;) {
    auto found = co_await find(record);
    if (!found) co_return found.error();
    auto& history = found->history;
    const bool nothing = !history.asked && !history.led && !history.exit && history.damage.empty();
    if (nothing || is_of(history, step.nonce)) co_return found;
    // One that can't be read may be our own: nothing of it is believed, and nothing is begun again.
    const bool unreadable = !history.asked && !history.damage.empty();
    if (unreadable && found->lock) {
      history.exit.reset();
      co_return found;
    }
    found->lock.reset();  // whoever ends it asks for it
    // Living, it is a step of a journal that is gone, or somebody's who wants to be believed.
    if (auto ended = co_await end(step.record, stop); !ended) co_return ended.error();
    auto lock = record.lock();
    if (!lock) co_return lock.error();
    if (unreadable || !*lock) continue;
    auto aside = move_aside(record.path());
    if (!aside) co_return aside.error();
    open_stage_log(step.log, step.secrets)
        ->line("[quietgate: the record of another attempt was in place of the step's; it was moved to " + *aside + "]");
  }
}

Task<Result<std::unique_ptr<LedSteps::Leading>>> LedSteps::lead(LedStep step, bool tells_begin, StepRecord record,
                                                                Found found, Stop& stop) {
  using Led = Result<std::unique_ptr<Leading>>;
  if (step.argv.empty()) co_return Led(infrastructure_error("the step has no command"));
  // Of a leader that was killed before it led.
  if (found.history.asked) remove_control_group(control_group_of(found.history.asked->id));
  if (!step.script.empty()) {
    auto written = write_file_durably(step.script_file, step.script, true);
    if (!written) co_return Led(written.error());
    step.argv.push_back(step.script_file);
  }
  if (step.preparation != nullptr) {
    auto prepared = co_await step.preparation->prepare(step, stop);
    if (!prepared) co_return Led(prepared.error());
  }
  auto order = order_of(step, boot_);
  order.tells_begin = tells_begin;
  if (!step.joins.empty()) {
    const auto inside = first_inside(step.joins);
    if (!inside) co_return Led(infrastructure_error("the sandbox of the step's environment is gone: " + step.joins));
    order.sandbox.joins = static_cast<std::uint64_t>(inside->pid);
    order.sandbox.joins_start = inside->start;
  }
  order.log_limit = log_limit_;
  for (;;) {
    auto taken = co_await source_->take();
    if (!taken) co_return Led(taken.error());
    if (stop.requested()) {
      source_->put_back(std::move(*taken));
      stop.throw_if_requested();
    }
    order.id = taken->id();
    if (auto written = record.ask(*found.lock, order, step.nonce); !written) {
      source_->put_back(std::move(*taken));
      co_return Led(written.error());
    }
    const auto given = taken->give(order, *found.lock);
    auto leader = std::move(*taken).leading();
    if (given && *given) co_return Led(watched(std::move(leader.pid), std::move(leader.report)));
    children_->reap_at_end(std::move(leader.pid));
    remove_control_group(control_group_of(order.id));
    if (!given) co_return Led(given.error());
    // Somebody killed it while it waited.
  }
}

// Whatever it began there is over, and what was not on the disk is lost: it must not be begun again.
bool LedSteps::is_of_another_boot(const LedStep& step) const {
  return !step.boot.empty() && step.boot != boot_;
}

Task<Result<StepExit>> LedSteps::run(LedStep step, Stop& stop) {
  const StepRecord record(step.record);
  auto found = co_await find_own(step, record, stop);
  if (!found) co_return found.error();
  if (found->history.exit) co_return *found->history.exit;
  const auto nonce = step.nonce;
  if (found->leading) co_return co_await wait(record, std::move(found->leading), nonce, stop);
  if (found->begun || is_of_another_boot(step)) {
    std::string how;
    co_return co_await bury(record, std::move(*found), how, step.boot);
  }
  stop.throw_if_requested();
  const bool keeps = step.keep_descendants;
  auto leading = co_await lead(std::move(step), false, record, std::move(*found), stop);
  if (!leading) co_return leading.error();
  auto exit = co_await wait(record, std::move(*leading), nonce, stop);
  if (keeps) kept_ = ticks_now();
  co_return exit;
}

Task<Result<void>> LedSteps::start(LedStep step, Stop& stop) {
  const StepRecord record(step.record);
  auto found = co_await find_own(step, record, stop);
  if (!found) co_return found.error();
  auto exit = found->history.exit;
  if (!found->begun && !exit) {
    stop.throw_if_requested();
    auto leading = co_await lead(step, true, record, std::move(*found), stop);
    if (!leading) co_return leading.error();
    const bool told = co_await readable(executor_, (*leading)->report.get(), nullptr, begin_patience);
    const auto report = told ? read_report((*leading)->report.get()) : std::string();
    source_->prepare();
    if (!told || report.empty() || report[0] == '!') {
      order_end((*leading)->pid.get());
      co_await readable(executor_, (*leading)->pid.get(), nullptr, end_patience);
      const auto died_how = reap((*leading)->pid.get());
      if (told) co_return not_begun(report, died_how);
      co_return infrastructure_error("the step's leader did not say within " + human_duration(begin_patience) +
                                     " that the step began" + (died_how.empty() ? "" : " (then: " + died_how + ")"));
    }
    children_->reap_at_end(std::move((*leading)->pid));
    if (report[0] == '+') co_return Result<void>();
    auto ended = record.read();
    if (!ended) co_return ended.error();
    if (is_of(*ended, step.nonce)) exit = ended->exit;
  }
  if (exit && exit->how == StepExit::How::not_started) {
    co_return step_error(step.argv.front() + " " + describe(*exit));
  }
  co_return Result<void>();
}

Result<std::optional<StepExit>> LedSteps::status(const std::string& path) {
  const StepRecord record(path);
  const auto never = infrastructure_error("no step was ever begun as " + path);
  auto history = record.read();
  if (!history) return history.error();
  if (!history->asked && history->damage.empty()) return never;
  auto lock = record.lock();
  if (!lock) return lock.error();
  history = record.read();
  if (!history) return history.error();
  if (history->exit || !*lock) return history->exit;
  if (!history->led && history->damage.empty()) return never;
  StepExit died;
  died.how = StepExit::How::leader_died;
  died.detail = history->damage.empty() ? "its leader is gone without a status" : history->damage;
  died.started = died.ended = history->touched;
  return std::optional(died);
}

Task<Result<void>> LedSteps::end(std::string path, Stop& stop) {
  const StepRecord record(std::move(path));
  auto before = record.read();
  if (before && !before->asked && before->damage.empty()) {
    if (before->touched == Time()) co_return Result<void>();
    auto lock = record.lock();
    if (!lock) co_return lock.error();
    if (*lock) co_return Result<void>();
    // Somebody has it who still waits for a leader: what is begun then is ended.
  }
  auto found = co_await find(record);
  if (!found) co_return found.error();
  std::string how;
  if (found->leading) {
    const auto leader = found->leading->pid.get();
    order_end(leader);
    const bool ended = co_await readable(executor_, leader, &stop, asked_of(found->history).grace + end_patience);
    if (!ended) {
      stop.throw_if_requested();
      send_signal(leader, SIGKILL);
      co_await readable(executor_, leader, nullptr, end_patience);
    }
    how = reap(leader);
    // Whatever ended the leader: what it left without a status is dealt with.
    found = co_await find(record);
    if (!found) co_return found.error();
  }
  if (!found->begun && found->history.asked) remove_control_group(control_group_of(found->history.asked->id));
  if (found->history.exit || !found->begun || !found->lock) co_return Result<void>();
  const std::string begun_in;
  auto buried = co_await bury(record, std::move(*found), how, begun_in);
  if (!buried) co_return buried.error();
  co_return Result<void>();
}

Task<Result<StepExit>> LedSteps::wait(StepRecord record, std::unique_ptr<Leading> leading, std::string nonce,
                                      Stop& stop) {
  bool asked = false;
  bool ended = false;
  std::string told;
  if (leading->report) {
    ended = co_await readable(executor_, leading->report.get(), &stop, for_ever);
    // Not before: the step may need the last process that its user may have.
    source_->prepare();
    if (ended) told = read_report(leading->report.get());
    if (told.starts_with('-')) {
      // Written, if not on the disk yet: the leader goes on with that. What the runner makes of it the journal will
      // hold.
      auto exit = exit_told(std::string_view(told).substr(1));
      if (!exit) {
        auto history = record.read();
        if (history && is_of(*history, nonce)) exit = std::move(history->exit);
      }
      if (exit) {
        children_->reap_at_end(std::move(leading->pid));
        co_return std::move(*exit);
      }
    }
  }
  if (ended || !leading->report) ended = co_await readable(executor_, leading->pid.get(), &stop, for_ever);
  if (!ended) {
    if (stop.reason() == StopReason::shutdown) {
      children_->reap_at_end(std::move(leading->pid));
      stop.throw_if_requested();
    }
    asked = true;
    auto history = record.read();
    auto grace = StepAsked().grace;
    if (history) grace = asked_of(*history).grace;
    co_await end_leader(*leading, grace);
  }
  const auto died_how = reap(leading->pid.get());
  auto found = co_await find(record);
  if (!found) co_return found.error();
  Result<StepExit> exit = infrastructure_error("the step's leader can't be ended: " + record.path());
  if (found->history.exit && is_of(found->history, nonce)) {
    exit = std::move(*found->history.exit);
  } else if (found->lock && found->begun) {
    const std::string begun_in;
    exit = co_await bury(record, std::move(*found), died_how, begun_in);
  } else if (found->lock && told.starts_with('-')) {
    StepExit lost;
    lost.how = StepExit::How::leader_died;
    lost.detail = "the step ended, but its record was removed or replaced while it ran";
    lost.started = lost.ended = found->history.touched;
    exit = lost;
    if (auto written = record.end(*found->lock, lost); !written) exit = written.error();
  } else if (found->lock) {
    if (found->history.asked) remove_control_group(control_group_of(found->history.asked->id));
    if (told.empty() && leading->report) told = read_report(leading->report.get());
    exit = not_begun(told, died_how);
  }
  if (asked) stop.throw_if_requested();
  co_return exit;
}

Task<void> LedSteps::end_leader(const Leading& leading, Milliseconds grace) {
  const int leader = leading.pid.get();
  order_end(leader);
  const bool ended = co_await readable(executor_, leader, nullptr, grace + end_patience);
  if (!ended) {
    send_signal(leader, SIGKILL);
    co_await readable(executor_, leader, nullptr, end_patience);
  }
}

// A leader is dead and recorded no end: what it left is ended, and that is recorded in its place.
Task<Result<StepExit>> LedSteps::bury(StepRecord record, Found found, std::string died_how, std::string begun_in) {
  const auto& history = found.history;
  StepExit exit;
  exit.how = StepExit::How::leader_died;
  exit.started = history.touched;
  if (history.led)
    exit.detail = "process " + std::to_string(history.led->leader) + " was gone before it recorded an end";
  if (!history.led) exit.detail = "it is not known whether the step began";
  if (!died_how.empty()) exit.detail += " (" + died_how + ")";
  if (!history.damage.empty()) exit.detail = history.damage;
  if ((history.led && history.led->boot != boot_) || (!begun_in.empty() && begun_in != boot_)) {
    exit.detail += "; the machine was started anew since";
  } else if (!history.asked) {
    exit.detail += "; processes that it may have left can't be recognised";
  } else {
    exit.detail += co_await end_left(executor_, history.led.value_or(StepLed()), *history.asked, *source_, kept_);
  }
  exit.ended = std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
  if (auto written = record.end(*found.lock, exit); !written) co_return written.error();
  co_return exit;
}

}  // namespace quietgate
