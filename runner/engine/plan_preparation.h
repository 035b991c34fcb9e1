// Prepares a run for its stages: waits for earlier runs of the branch, and compiles the plan, which is frozen as a row.
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
  // All must outlive it. `bell` rings when something was appended for the run, or an earlier run of the branch has
  // ended.
  PlanPreparation(EngineParts& parts, const Repository& repository, const BranchOrder& order, RunRows& rows,
                  RunCheckout& checkout, Bell& bell, Stop& service);

  // Returns true with the plan in the journal, or false with the run ended, because there is no plan or the run was
  // cancelled. Throws Stopped, and std::runtime_error when the journal can't be read or written.
  Task<bool> compile();
  // Since when the run waits for earlier runs of its branch; nothing if it does not wait.
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
