// Whether the users that a load asked for were at work. Pure.
#pragma once

#include <optional>
#include <string>

#include "runner/model/outcome.h"
#include "stages/load/load_report.h"
#include "stages/load/load_spec.h"

namespace quietgate {

// Nothing: all were, as far as is known; Locust alone tells. Users that raised fail the load, for it is their code or
// the service that made them; users that left by themselves, or never came, make it inconclusive: it was another load.
std::optional<Check> users_check(const LoadReport& report, const LoadSpec& spec);

// Whether nobody is left of a load that has one number of users.
bool deserted(const LoadReport& report, const LoadSpec& spec);

}  // namespace quietgate
