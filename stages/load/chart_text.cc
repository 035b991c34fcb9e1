#include "stages/load/chart_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "stages/load/chart_panels.h"

namespace quietgate {

namespace {

// The value of each column: of several samples the last, of none the one before; NaN before the first.
std::vector<double> columns_of(const ChartPoints& points, const ChartSpan& span, std::size_t width) {
  std::vector<double> columns(width, std::numeric_limits<double>::quiet_NaN());
  for (const auto& [time, value] : points) {
    const auto place = (time - span.begin) / (span.end - span.begin) * static_cast<double>(width - 1);
    columns[static_cast<std::size_t>(std::llround(std::clamp(place, 0.0, static_cast<double>(width - 1))))] = value;
  }
  const auto last = static_cast<std::size_t>(
      std::llround(std::clamp((points.back().first - span.begin) / (span.end - span.begin), 0.0, 1.0) *
                   static_cast<double>(width - 1)));
  for (std::size_t column = 1; column <= last; ++column) {
    if (std::isnan(columns[column])) columns[column] = columns[column - 1];
  }
  return columns;
}

}  // namespace

std::vector<std::string> text_chart(const MeasuredSeries& series, std::size_t width) {
  constexpr std::size_t rows = 3, label = 22, number = 8;
  static constexpr std::array<const char*, 9> blocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto span = chart_span(series);
  if (span.empty()) return {};
  const auto columns = std::max<std::size_t>(width, 40) - label - number - 2;
  std::vector<std::string> lines;
  for (const auto& panel : chart_panels) {
    for (const auto& line : panel.lines) {
      const auto* points = points_of(series, line);
      if (points == nullptr) continue;
      double most = 0;
      for (const auto& [time, value] : *points) most = std::max(most, value);
      const auto values = columns_of(*points, span, columns);
      const double scale = most > 0 ? most : 1;
      const auto name = std::string(line.label) + panel.unit;
      for (std::size_t row = rows; row-- > 0;) {
        std::string drawing;
        for (double value : values) {
          const auto level =
              std::isnan(value) ? 0 : std::llround(value / scale * rows * 8) - static_cast<long long>(row * 8);
          drawing += blocks[static_cast<std::size_t>(std::clamp<long long>(level, 0, 8))];
        }
        lines.push_back(fmt::format("{:<{}}{:>{}}  {}", row + 1 == rows ? name : "", label,
                                    row + 1 == rows ? chart_number(most) : (row == 0 ? "0" : ""), number, drawing));
      }
    }
  }
  const auto end = chart_time(span.end - span.begin);
  lines.push_back(fmt::format("{:<{}}0s{:>{}}", "", label + number + 2, end, columns - 2));
  for (auto& line : lines) line.erase(line.find_last_not_of(' ') + 1);
  return lines;
}

}  // namespace quietgate
