#include "stages/load/load_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <utility>

#include "runner/base/plain_file.h"

namespace quietgate {

namespace {

constexpr std::size_t end_of_log = 64 * 1024;
constexpr Milliseconds between_reads{250};

// Shared by the stage and the coroutine that waits for the process: whichever ends last lets go of it.
struct Running {
  Running(Executor executor, StepSpec what, Stop& parent) : spec(std::move(what)), ending(parent), bell(executor) {}
  StepSpec spec;
  Stop ending;
  Bell bell;
  bool over = false;
  std::optional<Result<StepExit>> exit;
  std::exception_ptr failure;
};

Task<void> wait_for_process(StepExecutor& steps, std::shared_ptr<Running> running) {
  running->exit = co_await steps.run(running->spec, running->ending);
}

Result<LoadEnd> to_end(StepExecutor& steps, const Running& running, const std::string& overdue) {
  LoadEnd end;
  end.last_log = steps.read(running.spec.log, -static_cast<std::int64_t>(end_of_log), end_of_log);
  // After a restart of the runner, what is followed may have ended long ago.
  if (!overdue.empty() && !running.exit) {
    end.how = LoadEnd::How::overdue;
    end.words = overdue;
    return end;
  }
  if (!running.exit->ok()) return running.exit->error();
  const auto& exit = running.exit->value();
  end.words = describe(exit);
  end.code = exit.how == StepExit::How::exited ? exit.code : 0;
  switch (exit.how) {
    case StepExit::How::exited:
      end.how = LoadEnd::How::exited;
      break;
    case StepExit::How::not_started:
      end.how = LoadEnd::How::not_started;
      break;
    case StepExit::How::signalled:
    case StepExit::How::leader_died:
      end.how = LoadEnd::How::killed;
      break;
  }
  return end;
}

// Follows until the process has ended or must end; answers why it must, or nothing.
Task<std::string> follow_until_over(std::shared_ptr<Running> running, Clock& clock, Stop& stop, const Follow& follow) {
  while (!running->over) {
    auto why = co_await follow();
    if (why) co_return *why;
    if (!running->over) co_await clock.sleep(between_reads, stop);
  }
  co_return std::string();
}

}  // namespace

Task<Result<LoadEnd>> run_load_process(StepExecutor& steps, Clock& clock, StepSpec spec, Stop& stop, Follow follow) {
  auto executor = co_await boost::asio::this_coro::executor;
  auto running = std::make_shared<Running>(executor, std::move(spec), stop);
  spawn(executor, wait_for_process(steps, running), [running](std::exception_ptr failure) {
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
  // Whatever happened here, the process is not left to itself: its end is awaited, also when the stage is to stop.
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
