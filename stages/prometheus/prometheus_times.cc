#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>

#include "stages/prometheus/prometheus_answers.h"

namespace quietgate {

namespace {

std::string shortened(std::string text) {
  constexpr std::size_t most = 400;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text.size() > most ? text.substr(0, most) + "..." : text;
}

// What comes before the seconds of a time.
struct Minute {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0;
  std::size_t used = 0;  // characters
};

// `2026-02-03T04:05:` to the letter, as every server writes it.
std::optional<Minute> plain_minute(std::string_view text) {
  constexpr std::string_view form = "0000-00-00T00:00:";
  if (text.size() < form.size()) return std::nullopt;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == '0' ? !digit : text[i] != form[i]) return std::nullopt;
  }
  const auto pair = [text](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  return Minute{pair(0) * 100 + pair(2), pair(5), pair(8), pair(11), pair(14), form.size()};
}

// The same with fewer digits.
std::optional<Minute> loose_minute(const std::string& text) {
  Minute m;
  int used = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%n", &m.year, &m.month, &m.day, &m.hour, &m.minute, &used) != 5 ||
      used == 0)
    return std::nullopt;
  m.used = static_cast<std::size_t>(used);
  return m;
}

// Seconds east of UTC of `Z`, `+01:00`.
std::optional<double> offset_in(const std::string& text) {
  if (text == "Z") return 0;
  int hours = 0, minutes = 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') ||
      std::sscanf(text.c_str() + 1, "%2d:%2d", &hours, &minutes) != 2)
    return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 3600.0 + minutes * 60.0);
}

std::optional<double> seconds_since_epoch(const std::string& text) {
  auto minute = plain_minute(text);
  if (!minute) minute = loose_minute(text);
  if (!minute) return std::nullopt;
  double second = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + minute->used, end, second, std::chars_format::fixed);
  if (error != std::errc{} || !(second >= 0 && second < 61)) return std::nullopt;
  const auto offset = offset_in({rest, end});
  if (!offset) return std::nullopt;
  if (minute->year <= 1) return 0.0;  // Go's zero time: never
  const auto date = std::chrono::year{minute->year} / minute->month / minute->day;
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return static_cast<double>(days) * 86'400.0 + minute->hour * 3600.0 + minute->minute * 60.0 + second - *offset;
}

}  // namespace

Result<double> read_time(const std::string& text) {
  if (const auto time = seconds_since_epoch(text)) return *time;
  return infrastructure_error(fmt::format("`{}` is no time", shortened(text)));
}

Result<double> read_duration(const std::string& text) {
  const auto wrong = infrastructure_error(fmt::format("`{}` is no duration", shortened(text)));
  static constexpr std::pair<std::string_view, double> units[] = {
      {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}, {"w", 604'800}, {"y", 365 * 86'400.0}};
  double seconds = 0;
  std::size_t at = 0;
  if (text == "0") return 0.0;
  if (text.empty()) return wrong;
  while (at < text.size()) {
    std::uint64_t count = 0;
    auto [rest, error] = std::from_chars(text.data() + at, text.data() + text.size(), count);
    if (error != std::errc{}) return wrong;
    at = static_cast<std::size_t>(rest - text.data());
    auto letters = text.find_first_not_of("mshdwy", at);
    const auto unit = std::string_view(text).substr(at, letters == std::string::npos ? letters : letters - at);
    const auto* found = std::begin(units);
    while (found != std::end(units) && found->first != unit) ++found;
    if (found == std::end(units)) return wrong;
    seconds += static_cast<double>(count) * found->second;
    at += unit.size();
  }
  return seconds;
}

}  // namespace quietgate
