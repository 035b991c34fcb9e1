// Waits for a person's decision: shared by `approve` and `promote` with `approval: manual`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/ports/clock.h"
#include "runner/ports/stage.h"

namespace quietgate {

// What is asked, of whom it concerns, and how long an answer is waited for.
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
  Milliseconds waited{0};        // expired: how long
};

// From its creation on, an environment lives at most so long because somebody is asked.
inline constexpr Milliseconds longest_extension{604'800'000};  // seven days

// Answers the decision that the journal holds already; else says in journal and log that one is awaited, once per
// attempt, and waits for it until the question expires, also over restarts. The run's environments live as long as the
// question, and then their time to live again (EnvironmentExtended). Secrets in the message are masked. Fails
// when the journal can't be read or written. Throws Stopped.
Task<Result<Decision>> await_decision(const StageRequest& request, Clock& clock, Question question);

}  // namespace quietgate
