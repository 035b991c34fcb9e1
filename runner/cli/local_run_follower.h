// Follows a run of this process: shows its rows, asks its questions, and ends the event loop after it.
#pragma once

#include <string>
#include <vector>

#include "runner/adapters/clock/posix_clock.h"
#include "runner/cli/terminal/approval_prompt.h"
#include "runner/cli/terminal/run_view.h"
#include "runner/service/composition.h"

namespace quietgate {

class LocalRunFollower {
 public:
  // The composition and the view must outlive it. `person`: the author of the events that it appends.
  LocalRunFollower(Composition& composition, RunView& view, RunId run, ApprovalPrompt prompt, std::string person);

  // Returns when the run, earlier unfinished runs and its rollbacks have ended; then requests the stop of the
  // composition. Throws Stopped.
  Task<void> follow(Stop& stop);
  // The runs that an interrupt cancels: active rollbacks, else the run.
  std::vector<RunId> to_be_cancelled() const;

 private:
  Task<void> read_rows();
  Task<void> cancel_if_it_asks(RunId earlier);
  Task<bool> told_end_of(RunId id, std::string what);
  Task<bool> earlier_are_over();
  Task<bool> rollbacks_are_over();

  Composition& composition_;
  RunView& view_;
  RunId run_;
  PosixClock clock_;
  ApprovalPrompt prompt_;
  std::string person_;
  std::vector<RunId> earlier_;    // unfinished when this run was requested
  std::vector<RunId> rollbacks_;  // unfinished rollbacks of this run
  std::int64_t cursor_ = 0;
};

}  // namespace quietgate
