#pragma once

#include <string>
#include <vector>

#include "runner/base/result.h"
#include "stages/prometheus/rules_file.h"

namespace quietgate {

// The rules of these files and folders, at least one of them an alert. A folder contributes its files named as rules,
// else all its YAML files. Errors are of kind user.
Result<std::vector<ExpectedRule>> read_alert_rules(const std::vector<std::string>& paths);

}  // namespace quietgate
