#include "runner/leader/process/clocks.h"

#include <ctime>

namespace quietgate {

namespace {

std::int64_t milliseconds(clockid_t clock) {
  struct timespec now = {};
  ::clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

std::int64_t wall_clock() {
  return milliseconds(CLOCK_REALTIME);
}

std::int64_t steady_clock() {
  return milliseconds(CLOCK_MONOTONIC);
}

}  // namespace quietgate
