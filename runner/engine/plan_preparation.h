// What a run needs before its stages: its turn, and its plan, which is frozen as a row.
#pragma once

#include <optional>

#include "runner/base/result.h"
#include "runner/engine/admission/branch_order.h"
#include "runner/engine/parts.h"
#include "runner/engine/repository.h"
#include "runner/engine/run_checkout.h"
#include "runner/engine/run_rows.h"
#include "runner/model/plan.h"

namespace quietgate {

class PlanPreparation {
 public:
  // All outlive it. `bell` rings when something was appended for the run, or a run before it ended.
  PlanPreparation(EngineParts& parts, const Repository& repository, const BranchOrder& order, RunRows& rows,
                  RunCheckout& checkout, Bell& bell, Stop& service);

  // Ends with the plan on record (true), or with the run ended (false): there is no plan, or it was cancelled. Throws
  // Stopped, and std::runtime_error when the journal can't be read or written.
  Task<bool> compile();
  // When it began to wait for the runs before it on its branch; nothing: it doesn't.
  std::optional<Time> waits_since() const { return waits_since_; }

 private:
  Task<Result<Plan>> plan_in_turn();
  Task<Result<Plan>> read();
  Task<Result<void>> check(Plan plan);
  Task<void> wait_for_turn();
  Task<void> reject(Error error);

  EngineParts& parts_;
  const Repository& repository_;
  const BranchOrder& order_;
  RunRows& rows_;
  RunCheckout& checkout_;
  Bell& bell_;
  Stop& service_;
  std::optional<Time> waits_since_;
};

}  // namespace quietgate
