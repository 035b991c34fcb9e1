#include "stages/prometheus/prometheus_times.h"

#include <fmt/format.h>

#include <charconv>

#include "runner/base/calendar.h"

namespace quietgate {

namespace {

std::string shortened(std::string text) {
  constexpr std::size_t most = 400;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text.size() > most ? text.substr(0, most) + "..." : text;
}

}  // namespace

Result<double> read_time(const std::string& text) {
  constexpr double year_two = -62'104'060'800;  // before it there is Go's zero time alone: never
  if (const auto time = parse_rfc3339(text)) return *time < year_two ? 0.0 : *time;
  return infrastructure_error(fmt::format("`{}` is not a time", shortened(text)));
}

Result<double> read_duration(const std::string& text) {
  const auto wrong = infrastructure_error(fmt::format("`{}` is not a duration", shortened(text)));
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
