#include "stages/gate/moments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "runner/base/time.h"
#include "stages/prometheus/prometheus_times.h"

namespace quietgate {

namespace {

constexpr double day = 86'400;
constexpr double last_moment = 253'402'300'799;  // the year 9999

std::string tidied(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t';
    if (space && (result.empty() || result.back() == ' ')) continue;
    result += space ? ' ' : c;
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

std::optional<double> number_in(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  auto [rest, wrong] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (text.empty() || wrong != std::errc{} || rest != end) return std::nullopt;
  return number;
}

// `7d`, `2h30m`, `3 days`, `90 minutes` in seconds.
std::optional<double> span_in(const std::string& text) {
  if (text.empty() || text == "0") return std::nullopt;
  if (auto seconds = read_duration(text)) return *seconds;
  const auto space = text.find(' ');
  if (space == std::string::npos) return std::nullopt;
  const auto count = number_in(text.substr(0, space));
  auto unit = text.substr(space + 1);
  if (unit.size() > 1 && unit.back() == 's') unit.pop_back();
  static constexpr std::pair<std::string_view, double> units[] = {
      {"second", 1}, {"sec", 1},   {"s", 1},   {"minute", 60},    {"min", 60},    {"m", 60},          {"hour", 3600},
      {"h", 3600},   {"day", day}, {"d", day}, {"week", 7 * day}, {"w", 7 * day}, {"month", 30 * day}};
  for (const auto& [name, seconds] : units) {
    if (unit == name && count) return *count * seconds;
  }
  return std::nullopt;
}

std::optional<double> span_before(std::string text) {
  if (text.starts_with("now")) text = text.substr(3);
  if (text.starts_with(" ")) text = text.substr(1);
  if (text.ends_with(" ago")) text = text.substr(0, text.size() - 4);
  if (text.starts_with("-")) text = tidied(text.substr(1));
  return span_in(text);
}

// What the zone's clocks showed, as a moment.
Time from_local(double seconds, const LocalTime& zone) {
  const auto shown = time_at(seconds);
  const auto near = shown - zone.offset(shown);
  return shown - zone.offset(near);
}

// `2026-02-03`, with a time of the day or without.
std::optional<Time> local_moment(std::string text, const LocalTime& zone) {
  if (text.size() == 10) text += "T00:00";
  if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
  if (text.size() == 16) text += ":00";
  const auto seconds = read_time(text + "Z");
  if (!seconds) return std::nullopt;
  return from_local(*seconds, zone);
}

}  // namespace

Result<Time> parse_moment(const std::string& given, Time now, const LocalTime& zone) {
  const auto text = tidied(given);
  if (text == "now") return now;
  if (text == "today" || text == "yesterday") {
    const double shown = static_cast<double>((now + zone.offset(now)).time_since_epoch().count()) / 1000;
    return from_local((std::floor(shown / day) - (text == "today" ? 0 : 1)) * day, zone);
  }
  auto full = text;
  if (full.size() > 19 && full[10] == ' ') full[10] = 'T';
  if (auto seconds = read_time(full)) return time_at(*seconds);
  if (auto seconds = number_in(text); seconds && *seconds >= 1e8 && *seconds <= last_moment) return time_at(*seconds);
  if (auto span = span_before(text); span && *span < 200 * 366 * day)
    return now - Milliseconds(std::llround(*span * 1000));
  if (auto moment = local_moment(text, zone)) return *moment;
  return user_error(fmt::format("`{}` is not a point in time", given),
                    "write one like 2026-02-03T04:05:06Z, 2026-02-03 04:05, yesterday, 7d, `2h ago`, now, or seconds "
                    "since the epoch");
}

std::string local_text(Time time, const LocalTime& zone) {
  const auto text = iso_time(time + zone.offset(time));
  return text.substr(0, 10) + " " + text.substr(11, 8);
}

bool is_night(Time time, const LocalTime& zone) {
  const auto shown = time + zone.offset(time);
  const auto hour =
      std::chrono::floor<std::chrono::hours>(shown - std::chrono::floor<std::chrono::days>(shown)).count();
  return hour >= 22 || hour < 7;
}

}  // namespace quietgate
