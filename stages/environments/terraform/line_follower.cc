#include "stages/environments/terraform/line_follower.h"

#include <boost/asio/this_coro.hpp>
#include <cstdlib>
#include <memory>
#include <optional>

#include "runner/base/plain_file.h"
#include "stages/attempt/measurements.h"

namespace quietgate {

namespace {

constexpr std::size_t max_line = 1024UL * 1024;
constexpr std::size_t read_at_once = 64UL * 1024;
constexpr Milliseconds look_every{100};

// Shared by the step's coroutine and the reader's: whichever frame goes last takes it down.
struct Tail {
  Tail(Executor executor, LineFollower reader) : ended(std::move(executor)), follower(std::move(reader)) {}
  Stop stop;
  Bell ended;
  bool done = false;
  LineFollower follower;
};

Task<void> read_along(std::shared_ptr<Tail> tail, Clock& clock) {
  try {
    for (;;) {
      tail->follower.pump();
      co_await clock.sleep(look_every, tail->stop);
    }
  } catch (const Stopped&) {
  }
}

}  // namespace

LineFollower::LineFollower(StepExecutor& steps, StepText text, std::string memory, OnLine on_line)
    : steps_(steps), text_(std::move(text)), memory_(std::move(memory)), on_line_(std::move(on_line)) {
  told_ = std::strtoull(read_plain(memory_, 0, 32).c_str(), nullptr, 10);
}

void LineFollower::pump() {
  bool any = false;
  const auto next = [this] { return steps_.read(text_, static_cast<std::int64_t>(read_), read_at_once); };
  for (std::string block; !(block = next()).empty(); any = true) take(block);
  if (!any || read_ <= told_) return;
  // Best effort: without it the next runner tells some lines twice.
  (void)replace_file(memory_, std::to_string(read_ - line_.size()));
}

void LineFollower::finish() {
  pump();
  if (!line_.empty() || overlong_) hand_over();
}

void LineFollower::take(std::string_view block) {
  for (char c : block) {
    ++read_;
    if (c == '\n') {
      hand_over();
    } else if (line_.size() < max_line) {
      line_ += c;
    } else {
      overlong_ = true;
    }
  }
}

void LineFollower::hand_over() {
  bool fresh = read_ > told_;
  if (overlong_) {
    on_line_("(a line over 1 MiB is left out)", fresh);
  } else {
    on_line_(line_, fresh);
  }
  line_.clear();
  overlong_ = false;
}

Task<Result<StepExit>> run_followed(StepExecutor& steps, Clock& clock, StepSpec spec, StepText text, std::string memory,
                                    OnLine on_line, Stop& stop) {
  Executor executor = co_await boost::asio::this_coro::executor;
  LineFollower reader(steps, std::move(text), std::move(memory), std::move(on_line));
  auto tail = std::make_shared<Tail>(executor, std::move(reader));
  spawn(executor, read_along(tail, clock), [tail](std::exception_ptr) {
    tail->done = true;
    tail->ended.ring();
  });
  std::optional<Result<StepExit>> exit;
  std::exception_ptr thrown;
  try {
    exit = co_await steps.run(std::move(spec), stop);
  } catch (...) {
    thrown = std::current_exception();
  }
  tail->stop.request(StopReason::cancel, "the step ended");
  Stop never;
  while (!tail->done) co_await tail->ended.wait(tail->ended.rings(), never);
  tail->follower.finish();
  if (thrown) std::rethrow_exception(thrown);
  co_return std::move(*exit);
}

}  // namespace quietgate
