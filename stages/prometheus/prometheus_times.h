// Times and durations as Prometheus and Alertmanager write them. Pure.
#pragma once

#include <string>

#include "runner/base/result.h"

namespace quietgate {

// Errors are of kind infrastructure and quote the first 400 bytes of the text.

// `2026-02-03T04:05:06.789012345Z` or with an offset: seconds since the epoch. Go's zero time, which means never, is 0.
Result<double> read_time(const std::string& text);
// `1m30s`, `500ms`, `1d`: seconds.
Result<double> read_duration(const std::string& text);

}  // namespace quietgate
