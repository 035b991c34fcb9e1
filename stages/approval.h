// Waits for a person's decision: shared by `approve` and `promote` with `approval: manual`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/ports/stage.h"

namespace quietgate {

struct Decision {
  bool granted = false;
  std::string by;
  std::string reason;
  std::string sentence() const;  // `approved by ana: looks good`, `refused by ana: reason`
};

// The newest decision about the stage among a run's rows: an approval or refusal of this stage, or a request to promote
// the run (which approves).
std::optional<Decision> decision_in(const std::vector<Row>& rows, const std::string& stage);
// The newest request of a person to promote the run, or nothing.
std::optional<PromotionRequested> promotion_request_in(const std::vector<Row>& rows);

// Answers the decision that the journal holds already, or says in journal and log that one is awaited, once per
// attempt, and waits for it without a limit of its own. Fails when the journal can't be read or written. Throws
// Stopped.
Task<Result<Decision>> await_decision(const StageRequest& request, std::string message);

}  // namespace quietgate
