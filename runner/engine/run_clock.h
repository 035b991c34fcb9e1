// The clocks of a run and of its attempts: they stand still while a person is asked.
#pragma once

#include <functional>
#include <memory>

#include "runner/model/state.h"
#include "runner/ports/clock.h"

namespace quietgate {

// What was spent of the stage's timeout by its last attempt, and of the run's. A clock that was set back makes neither
// longer than it is.
Milliseconds spent(const StageState& stage, Time now);
Milliseconds spent(const RunState& run, Time now);

// Calls `late` once, when a limit is spent; the clock behind it stands still at times.
class RunClock {
 public:
  // `clock` must outlive it. Nothing happens before the first keep().
  RunClock(Executor executor, Clock& clock, Milliseconds limit, std::function<void()> late);
  ~RunClock();
  RunClock(const RunClock&) = delete;
  RunClock& operator=(const RunClock&) = delete;

  // So much is spent by now, and from now on the clock stands still, or goes. Cheap when that is as it was.
  void keep(Milliseconds spent, bool stands_still);
  void stop();  // for good

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
