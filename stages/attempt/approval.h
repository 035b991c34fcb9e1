// Waits for a person's decision: shared by `approve` and `promote` with `approval: manual`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/ports/clock.h"
#include "runner/ports/stage.h"

namespace quietgate {

// The question, and how long to wait for an answer.
struct Question {
  std::string message;
  Milliseconds expires{259'200'000};
};

struct Decision {
  bool granted = false;
  std::string by;
  std::string reason;
  bool expired = false;          // nobody answered
  std::string sentence() const;  // `approved by ana: looks good`, `refused by ana: reason`, `nobody answered within 3d`
  Milliseconds waited{0};        // how long, if expired
};

// The longest life of an environment, from its creation on, while a person is asked.
inline constexpr Milliseconds longest_extension{604'800'000};  // seven days

// Returns the decision if the journal has one. Otherwise appends the question to journal and log, once per attempt, and
// waits for an answer until the question expires, also over restarts. The run's environments live as long as the
// question, and then for their time to live again (EnvironmentExtended). Secrets in the message are masked. Fails when
// the journal can't be read or written. Throws Stopped.
Task<Result<Decision>> await_decision(const StageRequest& request, Clock& clock, Question question);

}  // namespace quietgate
