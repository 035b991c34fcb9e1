#include "runner/engine/run_timeout.h"

#include <utility>

namespace quietgate {

void RunTimeout::start(const RunState& run, Executor executor, Clock& clock, std::function<void()> ring) {
  *overdue_ = spent(run, clock.now()) >= run.plan->timeout && !only_waits_for_a_person(run);
  clock_.emplace(std::move(executor), clock, run.plan->timeout, [overdue = overdue_, ring = std::move(ring)] {
    *overdue = true;
    ring();
  });
  keep(run, clock.now());
}

void RunTimeout::keep(const RunState& run, Time now) {
  if (clock_) clock_->keep(spent(run, now), only_waits_for_a_person(run));
}

bool RunTimeout::take_overdue() {
  return std::exchange(*overdue_, false);
}

void RunTimeout::stop() {
  if (clock_) clock_->stop();
}

}  // namespace quietgate
