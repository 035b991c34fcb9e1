// What a try-out leaves alone: environments that are kept were made by others, and others use them.
#pragma once

#include "runner/model/plan.h"

namespace quietgate {

// Leaves out (StageSpec.left_out) every stage that would make or update a kept environment, and every stage that uses
// one's outputs or window although it would run after a skipped need. The hash is empty when something was left out.
Plan try_out_plan(Plan plan);

}  // namespace quietgate
