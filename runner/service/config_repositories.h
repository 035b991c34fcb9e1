// The configuration's section `repositories`.
#pragma once

#include <vector>

#include "runner/service/config_values.h"

namespace quietgate {

// Adds the repositories to `out`; what is wrong with one leaves a diagnostic.
void read_repositories(const ConfigValues& values, const Found& found, std::vector<RepositoryConfig>& out);

}  // namespace quietgate
