// When a stage is over for good, and what it lets begin: shared by `fold` and `next`.
#pragma once

#include "runner/model/state.h"

namespace quietgate {

// What stands before another attempt of a stage whose environment was lost under it.
enum class Loss { none, remake, waits, final };
Loss loss_of(const RunState& state, const StageState& s);

// A stage is settled when no further attempt of it will start, unless its environment is lost under another stage.
bool settled(const RunState& state, const StageSpec& spec, const StageState& s);

// Whether it updates what is kept: from its begin on, production may be under way.
bool deploys(const StageSpec& spec);

// Whether a need lets its users start: it passed, or may fail without harm. Skipped by its own `if` is no harm either;
// a stage that was skipped because of a failure before it is.
bool opens(const StageSpec& spec, const StageState& s);

}  // namespace quietgate
