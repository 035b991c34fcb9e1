// The timeout of a whole run. It is paused while the run does nothing but wait for a person.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "runner/engine/run_clock.h"
#include "runner/model/state.h"

namespace quietgate {

class RunTimeout {
 public:
  // Starts the timeout of a run with a plan. `ring` is called once, when the time is over. The clock must outlive it.
  void start(const RunState& run, Executor executor, Clock& clock, std::function<void()> ring);
  // Call it after every change of the run.
  void keep(const RunState& run, Time now);
  // Whether the time is over; true only once.
  bool take_overdue();
  void stop();

 private:
  std::optional<RunClock> clock_;
  std::shared_ptr<bool> overdue_ = std::make_shared<bool>(false);  // the clock may outlive this object
};

}  // namespace quietgate
