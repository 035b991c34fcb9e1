// The leader's clocks.
#pragma once

#include <cstdint>

namespace quietgate {

std::int64_t wall_clock();    // milliseconds since 1970
std::int64_t steady_clock();  // milliseconds; never jumps

}  // namespace quietgate
