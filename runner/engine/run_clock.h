// The clocks of a run and of its attempts, which stop while a person is asked.
#pragma once

#include <functional>
#include <memory>

#include "runner/model/state.h"
#include "runner/ports/clock.h"

namespace quietgate {

// The time that the stage's last attempt, or the run, has spent of its timeout. A clock that is set back does not
// extend a timeout.
Milliseconds spent(const StageState& stage, Time now);
Milliseconds spent(const RunState& run, Time now);

// Calls `late` once, when the limit is spent. The clock may be paused.
class RunClock {
 public:
  // `clock` must outlive it. Nothing happens before the first keep().
  RunClock(Executor executor, Clock& clock, Milliseconds limit, std::function<void()> late);
  ~RunClock();
  RunClock(const RunClock&) = delete;
  RunClock& operator=(const RunClock&) = delete;

  // Sets the spent time, and whether the clock is paused from now on. Cheap if nothing changed.
  void keep(Milliseconds spent, bool stands_still);
  void stop();  // permanently

 private:
  enum class Hands { unset, still, going, stopped };
  Executor executor_;
  Clock& clock_;
  Milliseconds limit_;
  std::function<void()> late_;
  Hands hands_ = Hands::unset;
  std::shared_ptr<Stop> timer_;
};

}  // namespace quietgate
