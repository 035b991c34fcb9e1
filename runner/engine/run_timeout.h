// The timeout of a whole run: it stands still while all that the run does is to wait for a person.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "runner/engine/run_clock.h"
#include "runner/model/state.h"

namespace quietgate {

class RunTimeout {
 public:
  // Of a run with a plan, from now on; `ring` is called once, when the time is over. The clock outlives it.
  void start(const RunState& run, Executor executor, Clock& clock, std::function<void()> ring);
  // After every change of the run.
  void keep(const RunState& run, Time now);
  // Whether the time is over and nobody was told by this yet.
  bool take_overdue();
  void stop();

 private:
  std::optional<RunClock> clock_;
  std::shared_ptr<bool> overdue_ = std::make_shared<bool>(false);  // the clock may ring when this is gone
};

}  // namespace quietgate
