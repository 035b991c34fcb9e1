#include "runner/engine/run_clock.h"

#include <algorithm>
#include <utility>

#include "runner/engine/expire.h"

namespace quietgate {

namespace {

Milliseconds since(Time begin, Time now) {
  return begin == Time{} ? Milliseconds{0} : std::max(Milliseconds{0}, now - begin);
}

Milliseconds without(Milliseconds all, Milliseconds waited) {
  return std::max(Milliseconds{0}, all - waited);
}

}  // namespace

Milliseconds spent(const StageState& stage, Time now) {
  return without(since(stage.attempt_started, now), stage.waited + since(stage.asked, now));
}

Milliseconds spent(const RunState& run, Time now) {
  return without(since(run.timed_from, now), run.waited + since(run.waits_since, now));
}

RunClock::RunClock(Executor executor, Clock& clock, Milliseconds limit, std::function<void()> late)
    : executor_(std::move(executor)), clock_(clock), limit_(limit), late_(std::move(late)) {}

RunClock::~RunClock() {
  stop();
}

void RunClock::keep(Milliseconds spent, bool stands_still) {
  const auto hands = stands_still ? Hands::still : Hands::going;
  if (hands_ == hands || hands_ == Hands::stopped) return;
  if (timer_) timer_->request(StopReason::cancel, "the clock stands still");
  timer_.reset();
  hands_ = hands;
  if (stands_still) return;
  timer_ = std::make_shared<Stop>();
  expire_after(executor_, clock_, limit_ - spent, timer_, late_);
}

void RunClock::stop() {
  hands_ = Hands::stopped;
  if (timer_) timer_->request(StopReason::cancel, "it is over");
  timer_.reset();
}

}  // namespace quietgate
