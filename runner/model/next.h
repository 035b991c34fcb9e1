// What a run's driver does next, decided from the run's state alone. Pure and total.
#pragma once

#include <string>
#include <vector>

#include "runner/model/state.h"

namespace quietgate {

struct Action {
  enum class Kind { start, skip, finish };
  Kind kind = Kind::start;
  std::string stage;    // start, skip
  int attempt = 0;      // start
  bool resume = false;  // start: the intent is already in the journal; only the work must be taken up again
  Outcome outcome = Outcome::passed;  // finish
  std::string reason;                 // skip, finish
  bool by_condition = false;          // skip: its own `if` was false
};

// Everything that can be done now: starts and skips in the order of the plan, or the run's finish alone once every
// stage has settled. `driven` names the stages that this process drives already. Empty: wait for an event. Also empty
// before the plan is compiled and after the run has finished.
std::vector<Action> next(const RunState& state, const std::vector<std::string>& driven);

}  // namespace quietgate
