#include "stages/load/locust.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <utility>

#include "runner/base/plain_file.h"

namespace quietgate {

namespace {

constexpr std::size_t read_at_once = 64 * 1024;
constexpr std::size_t end_of_log = 64 * 1024;
constexpr Milliseconds between_reads{250};

// Shared by the stage and the coroutine that waits for Locust: whichever ends last lets go of it.
struct Running {
  Running(Executor executor, StepSpec what, Stop& parent) : spec(std::move(what)), ending(parent), bell(executor) {}
  StepSpec spec;
  Stop ending;
  Bell bell;
  bool over = false;
  std::optional<Result<StepExit>> exit;
  std::exception_ptr failure;
};

Task<void> wait_for_locust(StepExecutor& steps, std::shared_ptr<Running> running) {
  running->exit = co_await steps.run(running->spec, running->ending);
}

Result<LocustEnd> to_end(StepExecutor& steps, const Running& running, const std::string& overdue) {
  LocustEnd end;
  end.last_log = steps.read(running.spec.log, -static_cast<std::int64_t>(end_of_log), end_of_log);
  // After a restart of the runner, what is followed may have ended long ago.
  if (!overdue.empty() && !running.exit) {
    end.how = LocustEnd::How::overdue;
    end.words = overdue;
    return end;
  }
  if (!running.exit->ok()) return running.exit->error();
  const auto& exit = running.exit->value();
  end.words = describe(exit);
  end.code = exit.how == StepExit::How::exited ? exit.code : 0;
  switch (exit.how) {
    case StepExit::How::exited:
      end.how = LocustEnd::How::exited;
      break;
    case StepExit::How::not_started:
      end.how = LocustEnd::How::not_started;
      break;
    case StepExit::How::signalled:
    case StepExit::How::leader_died:
      end.how = LocustEnd::How::killed;
      break;
  }
  return end;
}

// Follows until Locust is over or must end; answers why it must, or nothing.
Task<std::string> follow_until_over(std::shared_ptr<Running> running, Clock& clock, Stop& stop, const Follow& follow) {
  while (!running->over) {
    auto why = co_await follow();
    if (why) co_return *why;
    if (!running->over) co_await clock.sleep(between_reads, stop);
  }
  co_return std::string();
}

}  // namespace

LoadRows::LoadRows(std::string path, const LoadSpec& spec) : path_(std::move(path)) {
  if (!spec.k6.empty()) lines_.emplace(RequestLines::Format::k6, spec.duration);
  if (spec.command) lines_.emplace(RequestLines::Format::plain, spec.duration);
}

bool LoadRows::read_into(LoadReport& report, std::size_t most) {
  for (std::size_t total = 0; total < most;) {
    const auto fresh = read_plain(path_, offset_, read_at_once);
    if (fresh.empty()) return false;
    if (lines_) {
      report.add(lines_->add(fresh));
    } else {
      report.add(fresh);
    }
    offset_ += fresh.size();
    total += fresh.size();
  }
  return true;
}

void LoadRows::finish(LoadReport& report, bool in_order) {
  if (lines_) report.add(lines_->finish(in_order));
}

Task<Result<LocustEnd>> run_locust(StepExecutor& steps, Clock& clock, StepSpec spec, Stop& stop, Follow follow) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto running = std::make_shared<Running>(executor, std::move(spec), stop);
  spawn(executor, wait_for_locust(steps, running), [running](std::exception_ptr failure) {
    running->failure = failure;
    running->over = true;
    running->bell.ring();
  });
  std::string overdue;
  std::exception_ptr interrupted;
  try {
    overdue = co_await follow_until_over(running, clock, stop, follow);
  } catch (...) {
    interrupted = std::current_exception();
  }
  // Whatever happened here, Locust is not left to itself: its end is waited for, also when the stage is to stop.
  if (!overdue.empty()) running->ending.request(StopReason::timeout, overdue);
  if (interrupted && !stop.requested()) running->ending.request(StopReason::cancel, "the load stage broke");
  Stop never;
  for (auto seen = running->bell.rings(); !running->over; seen = running->bell.rings()) {
    co_await running->bell.wait(seen, never);
  }
  stop.throw_if_requested();
  if (interrupted) std::rethrow_exception(interrupted);
  if (running->failure && overdue.empty()) std::rethrow_exception(running->failure);
  co_return to_end(steps, *running, overdue);
}

}  // namespace quietgate
