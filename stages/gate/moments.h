// Points in time as people write them.
#pragma once

#include <functional>
#include <string>

#include "runner/base/result.h"
#include "runner/model/types.h"

namespace quietgate {

// A time zone: what its clocks show less UTC, at a moment.
struct LocalTime {
  std::string name = "UTC";
  std::function<Milliseconds(Time)> offset = [](Time) { return Milliseconds{0}; };
};

// `2026-02-03T04:05:06Z` or with an offset, seconds since the epoch, `now`, `7d`, `2h30m ago`, `-90m`, `now-7d`, `3
// days ago` (before `now`); `today`, `yesterday`, `2026-02-03`, `2026-02-03 04:05[:06]` (in the zone). An error (kind
// user) shows the forms that are understood.
Result<Time> parse_moment(const std::string& text, Time now, const LocalTime& zone);

// `2026-02-03 04:05:06` in the zone.
std::string local_text(Time time, const LocalTime& zone);
// Whether the zone's clocks show 22:00 to 06:59.
bool is_night(Time time, const LocalTime& zone);

}  // namespace quietgate
