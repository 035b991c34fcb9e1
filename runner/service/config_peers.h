// The configuration's sections about metrics servers and webhooks.
#pragma once

#include <vector>

#include "runner/service/config_values.h"

namespace quietgate {

// Each adds the section's values to `out`; errors become diagnostics.
void read_servers(const ConfigValues& values, const Found& found, std::vector<ServerConfig>& out);
void read_notifications(const ConfigValues& values, const Found& found, std::vector<NotificationConfig>& out);

}  // namespace quietgate
