// Times and spans of time, and how they are written.
#pragma once

#include <chrono>
#include <string>

namespace quietgate {

// Wall-clock time in UTC with millisecond resolution; what the journal stores.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;
using Milliseconds = std::chrono::milliseconds;

// Of what other programs count in seconds; rounded to the millisecond. Since the epoch, for points in time.
double seconds_of(Time time);
double seconds_of(Milliseconds span);
Time time_at(double seconds);
Milliseconds milliseconds_of(double seconds);

// `1h 2m`, `45s`, `250ms`: for sentences. Negative durations print with a leading minus.
std::string human_duration(Milliseconds duration);
// `2026-02-03T04:05:06.789Z`.
std::string iso_time(Time time);

}  // namespace quietgate
