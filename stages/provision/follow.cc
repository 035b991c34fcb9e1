#include "stages/provision/follow.h"

#include <boost/asio/this_coro.hpp>
#include <memory>
#include <optional>

namespace quietgate {

namespace {

constexpr std::size_t max_line = 1024UL * 1024;
constexpr Milliseconds look_every{100};

// Shared by the step's coroutine and the reader's: whichever frame goes last takes it down.
struct Tail {
  Tail(Executor executor, std::string file, OnLine on_line)
      : ended(std::move(executor)), follower(std::move(file), std::move(on_line)) {}
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

LineFollower::LineFollower(std::string path, OnLine on_line) : path_(std::move(path)), on_line_(std::move(on_line)) {
  std::ifstream told(path_ + ".told");
  told >> told_;
}

void LineFollower::pump() {
  if (!file_.is_open()) file_.open(path_, std::ios::binary);
  if (!file_.is_open()) return;
  file_.clear();
  char block[65536];
  bool any = false;
  while (file_.read(block, sizeof block), file_.gcount() > 0) {
    take({block, static_cast<std::size_t>(file_.gcount())});
    any = true;
    file_.clear();
  }
  if (!any || read_ <= told_) return;
  // Best effort: without it the next runner tells some lines twice.
  std::ofstream(path_ + ".told", std::ios::trunc) << read_ - line_.size();
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

Task<Result<ProcessExit>> run_followed(Processes& processes, Clock& clock, ProcessSpec spec, std::string file,
                                       OnLine on_line, Stop& stop) {
  Executor executor = co_await boost::asio::this_coro::executor;
  auto tail = std::make_shared<Tail>(executor, std::move(file), std::move(on_line));
  spawn(executor, read_along(tail, clock), [tail](std::exception_ptr) {
    tail->done = true;
    tail->ended.ring();
  });
  std::optional<Result<ProcessExit>> exit;
  std::exception_ptr thrown;
  try {
    exit = co_await processes.run(std::move(spec), stop);
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
