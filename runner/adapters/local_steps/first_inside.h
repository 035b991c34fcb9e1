// The first process inside of a step's sandbox.
#pragma once

#include <optional>
#include <string>

#include "runner/leader/process_tree.h"

namespace quietgate {

// Of the step with this record. Nothing: it isn't running, or in no sandbox.
std::optional<ProcessStat> first_inside(const std::string& record);

}  // namespace quietgate
