// The configuration's sections about retention, disk space, the isolation of steps and the heartbeat.
#pragma once

#include "runner/service/config_values.h"

namespace quietgate {

// Each writes the section's values to `out`; errors become diagnostics.
void read_retention(const ConfigValues& values, const Found& found, RetentionRule& out);
void read_keep_free(const ConfigValues& values, const Found& found, LowWaterRule& out);
void read_limits(const ConfigValues& values, const Found& found, LimitsConfig& out);
void read_isolation(const ConfigValues& values, const Found& found, IsolationConfig& out);
void read_sandbox(const ConfigValues& values, const Found& found, IsolationConfig& out);
void read_heartbeat(const ConfigValues& values, const Found& found, HeartbeatRule& out);

}  // namespace quietgate
