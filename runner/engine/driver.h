// Drives one run:  action = next(plan, state); append the intent; perform; append the outcome; state = fold(state,
// event); repeat. The append commits before the effect. What is found under way at the start is taken up again, never
// guessed.
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

  // Takes the places and locks of what is under way, before anybody new can. Throws std::runtime_error when the journal
  // can't be read. Before drive().
  Task<void> take_up();

  // Returns when the run is finished. Throws Stopped at shutdown, and std::runtime_error when the journal can't be read
  // or written, or the checkout for work under way not be made: start another driver later. However it ends, every
  // stage was left to its leader before.
  Task<void> drive();
  // Something was appended for this run, or a run before it ended.
  void poke() { bell_->ring(); }
  // When it began to wait for the runs before it on its branch; nothing: it doesn't.
  std::optional<Time> waits_for_turn() const { return preparation_.waits_since(); }
  // As it was last read.
  const RunState& state() const { return rows_.state(); }
  // What goes on without a driver holds its place and locks on; for who drives the run next.
  std::vector<Slots::Claim> hand_over() { return claims_.hand_over(); }

 private:
  using Attempts = std::vector<std::shared_ptr<StageAttempt>>;

  std::function<void()> bell_ringer() const;
  Task<void> catch_up();
  Task<void> append(RunRows::Intended rows);
  void tell(const RunRows::News& news);
  Task<void> conduct();
  Task<void> wait_for_cancel();  // of a run whose repository is watched no more
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
  Attempts attempts_;            // that this process performs
  bool has_checkout_ = false;    // or it is known why there is none
  bool needs_checkout_ = false;  // a stage may begin but for that
  std::optional<Action> finish_;
};

}  // namespace quietgate
