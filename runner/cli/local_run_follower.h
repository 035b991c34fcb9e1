// Follows a run that this process itself does: shows its rows, asks what it asks, and ends the process's loop after it.
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
  // The composition and the view outlive it. `person`: who is named in what it appends.
  LocalRunFollower(Composition& composition, RunView& view, RunId run, ApprovalPrompt prompt, std::string person);

  // Until the run is over, and with it the earlier runs and the rollbacks that belong to it; then requests the stop of
  // the composition. Throws Stopped.
  Task<void> follow(Stop& stop);
  // What an interrupt cancels: the rollbacks that are under way, else the run.
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
  std::vector<RunId> earlier_;    // were unfinished when this one was requested
  std::vector<RunId> rollbacks_;  // put back what this one released, and are unfinished
  std::int64_t cursor_ = 0;
};

}  // namespace quietgate
