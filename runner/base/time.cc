#include "runner/base/time.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace quietgate {

double seconds_of(Time time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1000;
}

double seconds_of(Milliseconds span) {
  return static_cast<double>(span.count()) / 1000;
}

Time time_at(double seconds) {
  return Time(milliseconds_of(seconds));
}

Milliseconds milliseconds_of(double seconds) {
  return Milliseconds(std::llround(seconds * 1000));
}

std::string human_duration(Milliseconds duration) {
  auto ms = duration.count();
  std::string sign;
  if (ms < 0) {
    sign = "-";
    ms = -ms;
  }
  if (ms < 1000) return sign + std::to_string(ms) + "ms";
  if (ms < 60'000) {
    auto tenths = ms % 1000 / 100;
    std::string fraction = tenths == 0 || ms >= 10'000 ? "" : "." + std::to_string(tenths);
    return sign + std::to_string(ms / 1000) + fraction + "s";
  }
  auto seconds = ms / 1000;
  std::array<std::pair<std::int64_t, const char*>, 4> units{
      {{seconds / 86'400, "d"}, {seconds / 3600 % 24, "h"}, {seconds / 60 % 60, "m"}, {seconds % 60, "s"}}};
  std::string text;
  int parts = 0;
  for (const auto& [count, unit] : units) {
    if (count == 0 || parts == 2) {
      if (parts > 0) break;
      continue;
    }
    text += (parts++ > 0 ? " " : "") + std::to_string(count) + unit;
  }
  return sign + text;
}

std::string iso_time(Time time) {
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(time - midnight);
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

}  // namespace quietgate
