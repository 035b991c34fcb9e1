// Words, times and counts as the gate's proofs tell them. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace quietgate {

// `10:02:03Z`, of seconds since the epoch.
std::string clock_time(double seconds);
// `1m 5s`; `no time` when the seconds are not finite.
std::string span_text(double seconds);
// `1 group`, `3 groups`.
std::string count_text(std::size_t count, const std::string& noun);
// The first five of them and how many more there are: `a; b; and 3 more`.
std::string list_text(const std::vector<std::string>& items);

}  // namespace quietgate
