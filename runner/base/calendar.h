// Calendar times as other programs write them. `iso_time` (time.h) prints ours. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace quietgate {

// Seconds since the epoch of `2017-05-09T14:34:45.625742514+02:00` or `2026-2-3T4:05:06Z`: fields may lack leading
// zeros. Nothing when the text is anything else, also with more behind it, or no day of the calendar.
std::optional<double> parse_rfc3339(std::string_view text);

}  // namespace quietgate
