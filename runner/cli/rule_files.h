#pragma once

#include <string>
#include <vector>

#include "runner/base/result.h"
#include "stages/prometheus/rules_file.h"

namespace quietgate {

// The rules of these files and folders, with at least one alert among them. Of a folder: what is named as rules, else
// all YAML. Errors are the user's.
Result<std::vector<ExpectedRule>> read_alert_rules(const std::vector<std::string>& paths);

}  // namespace quietgate
