#include "runner/leader/process/leader.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "runner/leader/control_group.h"
#include "runner/leader/process/clocks.h"
#include "runner/leader/process_tree.h"

namespace quietgate {

namespace {

constexpr std::int64_t sweep_grace = 2'000;     // from SIGTERM to SIGKILL for what a step left running
constexpr std::int64_t kill_every = 20;         // processes may have been forked between two looks
constexpr std::int64_t kill_patience = 30'000;  // a process in the kernel can't be killed; it isn't waited for for ever
constexpr std::uint64_t reaped = 0;             // no process started then
constexpr std::size_t most_told = 1'000;        // bytes that the runner takes from a leader at once
constexpr std::size_t pump_bytes = 4U << 20;    // before signals are heard again
constexpr std::size_t drain_bytes = 2U << 20;   // more than a pipe holds

// `how`: as waitpid tells it.
void note_end(int how, StepStatus& status) {
  status.ended = wall_clock();
  if (std::strcmp(status.how, "not_started") == 0) return;
  status.how = WIFSIGNALED(how) ? "signalled" : "exited";
  status.code = WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how);
}

}  // namespace

Leader::Leader(std::string id, int runner) : id_(std::move(id)), runner_(runner) {
  preparation_problem_ = prepare();
}

void Leader::tell_runner(const std::string& text) {
  if (runner_ < 0) return;
  [[maybe_unused]] const auto told = ::write(runner_, text.data(), text.size());
  ::close(runner_);
  runner_ = -1;
}

// With the status, unless it is long, or stands in a file that nobody will find: then the runner has to look for it.
void Leader::tell_runner_the_end() {
  const auto& status = record_.status();
  tell_runner(status.size() < most_told && !record_.removed() ? "-" + status : "-");
}

int Leader::lead(LeaderOrder order, int lock) {
  order_ = std::move(order);
  lock_ = lock;
  order_.environment.push_back(std::string(step_marker) + "=" + order_.id);
  auto problem = preparation_problem_.empty() ? open() : preparation_problem_;
  if (problem.empty()) problem = launch();
  if (!problem.empty()) {
    // The step was not begun, and nothing says so but this.
    remove_control_group(group_);
    tell_runner("!" + problem);
    return 1;
  }
  loop();
  read_remaining_output();
  return record();
}

bool Leader::wait_for_order() const {
  struct pollfd polled[2] = {{runner_, POLLIN, 0}, {signals_, POLLIN, 0}};
  while (::poll(polled, 2, -1) < 0) {
  }
  return polled[0].revents != 0;
}

void Leader::quit() {
  remove_control_group(group_);
  // Maybe the source was killed before it did.
  tell_runner(std::to_string(::getpid()));
  ::_exit(0);
}

std::string Leader::prepare() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  sigset_t heard;
  ::sigemptyset(&heard);
  ::sigaddset(&heard, SIGTERM);
  ::sigaddset(&heard, SIGCHLD);
  signals_ = ::signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0) return std::string("signals can't be received: ") + strerrordesc_np(errno);
  group_ = make_control_group(id_);
  return {};
}

std::string Leader::open() {
  auto problem = record_.open(order_, lock_);
  log_.limit(order_.log_limit);
  raw_.limit(order_.log_limit);
  if (problem.empty()) problem = log_.open(order_.log, false);
  if (problem.empty() && !order_.stdout_file.empty()) problem = raw_.open(order_.stdout_file, true);
  return problem;
}

std::string Leader::launch() {
  StartFailure failure;
  const auto record = [this](pid_t step) { return record_.write_leader(order_, group_, step); };
  // What is kept goes on after its leader, which then could not remove the group.
  if (order_.keep_descendants) {
    remove_control_group(group_);
    group_.clear();
  }
  int group = open_control_group(group_);
  if (group < 0 && !group_.empty()) {  // somebody has tidied it up meanwhile
    group_ = make_control_group(id_);
    group = open_control_group(group_);
  }
  status_.started = wall_clock();
  if (!order_.sandbox.argv.empty()) sandbox_.emplace();
  auto problem = sandbox_ ? sandbox_->start(order_, group, record, step_, failure)
                          : start_step(order_, group, record, step_, failure);
  if (group >= 0) ::close(group);
  if (problem.empty()) problem = failure.record;
  if (!problem.empty()) {
    if (step_.pid > 0) ::waitpid(step_.pid, nullptr, 0);
    return problem;
  }
  outputs_.push_back(std::make_unique<StepOutput>(step_.output, log_, order_.secrets));
  if (step_.raw_output >= 0) outputs_.push_back(std::make_unique<StepOutput>(step_.raw_output, raw_, order_.secrets));
  if (failure.what == StartFailure::What::nothing) {
    if (order_.tells_begin) tell_runner("+");
  } else {
    // What the runner waits for is told with the status.
    status_.how = "not_started";
    status_.detail = describe(failure, order_);
  }
  return {};
}

int Leader::wait_milliseconds() const {
  if (phase_ == Phase::running) return -1;
  const auto left = std::max<std::int64_t>(deadline_ - steady_clock(), 0);
  return static_cast<int>(std::min<std::int64_t>(left, phase_ == Phase::killing ? kill_every : 60'000));
}

void Leader::loop() {
  while (phase_ != Phase::over) {
    struct pollfd polled[4] = {{signals_, POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}};
    for (std::size_t i = 0; i < outputs_.size(); ++i) polled[1 + i].fd = outputs_[i]->fd();
    if (sandbox_) polled[3].fd = sandbox_->fd();
    ::poll(polled, 4, wait_milliseconds());
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      if (polled[1 + i].revents != 0) outputs_[i]->pump(pump_bytes);
    }
    if (polled[3].revents != 0) reap();
    if (polled[0].revents != 0) read_signals();
    enforce_deadlines();
  }
}

void Leader::read_signals() {
  struct signalfd_siginfo heard;
  bool child = false;
  while (::read(signals_, &heard, sizeof heard) == static_cast<ssize_t>(sizeof heard)) {
    if (heard.ssi_signo == SIGCHLD) child = true;
    if (heard.ssi_signo == SIGTERM) end_requested_ = true;
  }
  if (child) reap();
  if (end_requested_ && phase_ == Phase::running && main_alive_) end_step();
}

void Leader::reap() {
  // From inside of a sandbox before from outside: what made it ends after the step, unless somebody killed it.
  if (const auto how = sandbox_ ? sandbox_->hear() : std::nullopt; how && main_alive_) {
    main_alive_ = false;
    note_end(*how, status_);
  }
  for (;;) {
    int how = 0;
    const auto pid = ::waitpid(-1, &how, WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    childless_ = pid < 0;
    if (pid <= 0) break;
    if (pid != step_.pid || !main_alive_) continue;
    main_alive_ = false;
    note_end(how, status_);
  }
  if (!main_alive_) main_process_ended();
}

void Leader::main_process_ended() {
  if (childless_ || (order_.keep_descendants && !end_requested_)) {
    phase_ = Phase::over;
  } else if (phase_ == Phase::running || phase_ == Phase::stopping) {
    sweep();
  }
}

void Leader::end_step() {
  phase_ = Phase::stopping;
  deadline_ = steady_clock() + order_.grace_milliseconds;
  if (sandbox_) return sandbox_->signal(order_.stop_signal);
  ::kill(-step_.pid, order_.stop_signal);
  ::kill(-step_.pid, SIGCONT);
}

void Leader::sweep() {
  const auto now = steady_clock();
  const auto grace = now + std::min(sweep_grace, order_.grace_milliseconds);
  deadline_ = phase_ == Phase::stopping ? std::min(deadline_, grace) : grace;
  phase_ = Phase::sweeping;
  for (const auto& process : descendants_of(::getpid()).living) {
    if (sandbox_ && sandbox_->owns(process.pid)) continue;
    if (!end_requested_) ++swept_;
    signal_process(process, SIGTERM);
    signal_process(process, SIGCONT);
  }
}

void Leader::kill_all() {
  if (main_alive_)
    ::kill(-step_.pid, SIGKILL);
  else
    signal_group_of(step_.pid, reaped, SIGKILL);
  const auto left = descendants_of(::getpid());
  survivors_ = left.living;
  kill_control_group(group_);
  signal_all(left, SIGKILL);
}

void Leader::enforce_deadlines() {
  if (phase_ == Phase::running || phase_ == Phase::over) return;
  const auto now = steady_clock();
  if (phase_ == Phase::killing) {
    kill_all();
    if (now >= deadline_) phase_ = Phase::over;
  } else if (now >= deadline_) {
    phase_ = Phase::killing;
    deadline_ = now + kill_patience;
    kill_all();
  }
}

void Leader::read_remaining_output() {
  for (auto& output : outputs_) output->pump(drain_bytes);
  const bool open = std::any_of(outputs_.begin(), outputs_.end(), [](const auto& output) { return output->fd() >= 0; });
  if (open && order_.keep_descendants && !end_requested_) leave_output_process();
  for (auto& output : outputs_) output->finish();
  log_.finish();
}

// What was left running on purpose goes on printing: a process stays to pass that on, so that it is masked too and
// nobody is killed by a broken pipe. It ends when the last of them has closed its end.
void Leader::leave_output_process() {
  if (::fork() != 0) return;
  ::close(lock_);
  if (runner_ >= 0) ::close(runner_);
  ::prctl(PR_SET_NAME, "qg-log");
  for (;;) {
    struct pollfd polled[2] = {{-1, POLLIN, 0}, {-1, POLLIN, 0}};
    for (std::size_t i = 0; i < outputs_.size(); ++i) polled[i].fd = outputs_[i]->fd();
    if (polled[0].fd < 0 && polled[1].fd < 0) break;
    ::poll(polled, 2, -1);
    for (auto& output : outputs_) output->pump(pump_bytes);
  }
  log_.finish();
  ::_exit(0);
}

int Leader::record() {
  if (status_.ended == 0) status_.ended = wall_clock();
  if (status_.started == 0) status_.started = status_.ended;
  status_.log_bytes = log_.written();
  status_.lost_bytes = log_.lost() + raw_.lost();
  status_.log_complete = status_.lost_bytes == 0;
  auto add = [&](const std::string& problem) { status_.detail += (status_.detail.empty() ? "" : "; ") + problem; };
  if (log_.lost() > 0) add(std::to_string(log_.lost()) + " bytes of the log were lost: " + log_.why_lost());
  if (raw_.lost() > 0) add(std::to_string(raw_.lost()) + " bytes of standard output were lost: " + raw_.why_lost());
  if (swept_ > 0) add(std::to_string(swept_) + " processes that the step left running were ended");
  if (!childless_ && !survivors_.empty())
    add(std::to_string(survivors_.size()) + " processes could not be ended: " + list_processes(survivors_));
  if (main_alive_) {
    status_.how = "signalled";
    status_.code = SIGKILL;
  }
  remove_control_group(group_);
  // A disk that can't take the status now may later; without it all that was done would count as lost.
  for (int tries = 0; tries < 60; ++tries) {
    auto problem = record_.write_status(order_, status_);
    // The runner goes on meanwhile: what it makes of the status is durable by its journal.
    if (problem.empty()) tell_runner_the_end();
    if (problem.empty()) problem = record_.sync(order_.journaled);
    if (problem.empty()) return 0;
    if (record_.removed()) return 1;  // nobody will ever read them
    if (tries == 0) tell_runner("!the status could not be recorded: " + problem);
    ::usleep(1'000'000);
  }
  return 1;
}

}  // namespace quietgate
