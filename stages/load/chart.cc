#include "stages/load/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/model/types.h"
#include "stages/load/chart_panels.h"

namespace quietgate {

namespace {

constexpr std::size_t longest_script = 64UL * 1024 * 1024;

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

MeasuredSeries parse_measurements(std::string_view text) {
  MeasuredSeries series;
  text = text.substr(0, longest_script);
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) break;
    const auto row = parse_json(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (!row.is_object() || !row.contains("series") || !row["series"].is_string()) continue;
    if (!row.contains("t") || !row["t"].is_number() || !row.contains("v") || !row["v"].is_number()) continue;
    series[row["series"].get<std::string>()].emplace_back(row["t"].get<double>(), row["v"].get<double>());
  }
  for (auto& [name, points] : series) {
    std::stable_sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  }
  return series;
}

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
