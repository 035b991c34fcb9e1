#pragma once

#include <string>

#include "runner/cli/terminal/terminal.h"
#include "runner/model/types.h"

namespace quietgate {

// The symbol of an outcome, such as `✓`, in its colour.
std::string mark(const Terminal& terminal, Outcome outcome);
Ink ink_of(Outcome outcome);

}  // namespace quietgate
