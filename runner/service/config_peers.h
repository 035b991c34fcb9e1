// The configuration's sections about those that the service calls: metrics servers and webhooks.
#pragma once

#include <vector>

#include "runner/service/config_values.h"

namespace quietgate {

// Each adds to `out` what the section says; what is wrong with it leaves a diagnostic.
void read_servers(const ConfigValues& values, const Found& found, std::vector<ServerConfig>& out);
void read_notifications(const ConfigValues& values, const Found& found, std::vector<NotificationConfig>& out);

}  // namespace quietgate
