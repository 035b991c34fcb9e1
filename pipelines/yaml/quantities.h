// Durations and bounds as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "runner/base/time.h"
#include "runner/model/bound.h"

namespace quietgate {

// `90s`, `1h30m`, `250ms`, `1.5s`, `2d`: digits with a unit (ms, s, m, h, d), largest first or not. At most 30 days.
std::optional<Milliseconds> parse_duration(std::string_view text);

// `64KiB`, `500MiB`, `1GiB`: whole digits with a unit. At most 1,024 TiB.
std::optional<std::uint64_t> parse_size(std::string_view text);

// What a bounded number measures; it decides the units of its bound.
enum class Measure { plain, ratio, time };  // ratio: plain or `%`; time: needs ms, s, m or h

// `<= 250ms`. The result's text is normalised: one space, no blanks around. The string alternative describes a valid
// bound.
std::variant<Bound, std::string> parse_bound(std::string_view text, Measure measure);

}  // namespace quietgate
