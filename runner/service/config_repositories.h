// The configuration's section `repositories`.
#pragma once

#include <vector>

#include "runner/service/config_values.h"

namespace quietgate {

// Adds the repositories to `out`; errors become diagnostics.
void read_repositories(const ConfigValues& values, const Found& found, std::vector<RepositoryConfig>& out);

}  // namespace quietgate
