#pragma once

#include <string>

#include "runner/base/result.h"
#include "runner/model/plan.h"

namespace quietgate {

// Tests the alert rules that the plan names, in the working tree of `folder` (stages/gate/rules_check.h). Blocks.
Result<void> check_rule_files(const Plan& plan, const std::string& folder);

}  // namespace quietgate
