#include "stages/load/measured_series.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"

namespace quietgate {

namespace {

constexpr std::size_t longest_text = 64UL * 1024 * 1024;

}  // namespace

MeasuredSeries parse_measurements(std::string_view text) {
  MeasuredSeries series;
  text = text.substr(0, longest_text);
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

}  // namespace quietgate
