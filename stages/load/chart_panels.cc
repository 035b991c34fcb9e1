#include "stages/load/chart_panels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runner/model/types.h"

namespace quietgate {

const ChartPoints* points_of(const MeasuredSeries& series, const ChartLine& line) {
  if (line.series == nullptr) return nullptr;
  const auto found = series.find(line.series);
  if (found == series.end() || found->second.empty()) return nullptr;
  const auto is_nothing = [](const auto& point) { return point.second <= 0; };
  if (line.only_above_zero && std::all_of(found->second.begin(), found->second.end(), is_nothing)) return nullptr;
  return &found->second;
}

ChartSpan chart_span(const MeasuredSeries& series) {
  ChartSpan span;
  for (const auto& panel : chart_panels) {
    for (const auto& line : panel.lines) {
      const auto* points = points_of(series, line);
      if (points == nullptr) continue;
      span.begin = std::min(span.begin, points->front().first);
      span.end = std::max(span.end, points->back().first);
    }
  }
  return span;
}

std::string chart_number(double value) {
  if (value < 100 && value != std::floor(value)) return fmt::format("{:.3g}", value);
  auto digits = fmt::format("{:.0f}", value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

std::string chart_time(double milliseconds) {
  const auto seconds = std::llround(milliseconds / 1000);
  return seconds == 0 ? "0s" : human_duration(Milliseconds(seconds * 1000));
}

}  // namespace quietgate
