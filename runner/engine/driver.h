// Drives one run:  action = next(plan, state); append the intent; perform; append the outcome; state = fold(state,
// event); repeat. The append commits before the effect. At the start, the driver resumes active work and never guesses
// its result.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/engine/admission/branch_order.h"
#include "runner/engine/attempt_tree.h"
#include "runner/engine/parts.h"
#include "runner/engine/plan_preparation.h"
#include "runner/engine/repository.h"
#include "runner/engine/run_checkout.h"
#include "runner/engine/run_claims.h"
#include "runner/engine/run_rows.h"
#include "runner/engine/run_timeout.h"
#include "runner/engine/stage_attempt.h"
#include "runner/model/next.h"

namespace quietgate {

class Driver {
 public:
  // `service` is the stop of the whole service; parts, order and repository must outlive the driver.
  Driver(EngineParts& parts, const BranchOrder& order, const Repository& repository, RunId run, Stop& service);

  // Takes the slots and locks of active work, before new work can. Throws std::runtime_error if the journal can't be
  // read. Before drive().
  Task<void> take_up();

  // Returns when the run is finished. Throws Stopped at shutdown. Throws std::runtime_error if the journal can't be
  // read or written, or if the checkout for active work can't be made: start another driver later. In every case, it
  // first leaves every stage to its leader.
  Task<void> drive();
  // Call it when something was appended for this run, or an earlier run of the branch has ended.
  void poke() { bell_->ring(); }
  // Since when the run waits for earlier runs of its branch; nothing if it does not wait.
  std::optional<Time> waits_for_turn() const { return preparation_.waits_since(); }
  // As last read.
  const RunState& state() const { return rows_.state(); }
  // The slots and locks of work that continues without a driver; give them to the next driver of the run.
  std::vector<Slots::Claim> hand_over() { return claims_.hand_over(); }

 private:
  using Attempts = std::vector<std::shared_ptr<StageAttempt>>;

  std::function<void()> bell_ringer() const;
  Task<void> catch_up();
  Task<void> append(RunRows::Intended rows);
  void tell(const RunRows::News& news);
  Task<void> conduct();
  Task<void> wait_for_cancel();  // for a run whose repository is no longer watched
  Task<void> check_out();
  Task<void> end_overdue();
  Task<void> advance();
  std::vector<Action> choose(RunRows::Intended& rows);
  void intend_end(const StageAttempt& ended, RunRows::Intended& rows);
  void start(const Action& action);
  Task<void> finish();
  Task<void> leave();

  EngineParts& parts_;
  const Repository& repository_;
  Stop& service_;
  std::shared_ptr<Bell> bell_;
  RunRows rows_;
  RunCheckout checkout_;
  PlanPreparation preparation_;
  RunClaims claims_;
  RunTimeout timeout_;
  TreeRemovals removals_;
  Attempts attempts_;            // attempts that this process performs
  bool has_checkout_ = false;    // or a known reason for having none
  bool needs_checkout_ = false;  // a stage is ready except for the checkout
  std::optional<Action> finish_;
};

}  // namespace quietgate
