#include "runner/core/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "runner/core/types.h"

namespace quietgate {

namespace {

constexpr std::size_t most_bytes = 64UL * 1024 * 1024;

struct Line {
  const char* series;
  const char* label;
  const char* colour;
};

struct Panel {
  const char* title;
  const char* unit;           // after a line's label, where there is no title
  std::array<Line, 3> lines;  // those without a series are none
};

// Colours that are told apart by people who see them differently, and on white and black alike.
constexpr std::array<Panel, 4> panels{{
    {"users", "", {{{"load.users", "users", "#0072b2"}}}},
    {"requests/s",
     "/s",
     {{{"load.requests_per_second", "requests", "#009e73"},
       {"load.failures_per_second", "failed", "#d55e00"},
       {"load.arrivals_intended", "intended arrivals", "#56b4e9"}}}},
    {"response time, ms",
     " ms",
     {{{"load.p50_ms", "p50", "#56b4e9"}, {"load.p95_ms", "p95", "#e69f00"}, {"load.p99_ms", "p99", "#d55e00"}}}},
    {"replicas", " replicas", {{{"replicas", "ready", "#0072b2"}, {"replicas_desired", "desired", "#cc79a7"}}}},
}};

struct Span {
  double begin = std::numeric_limits<double>::infinity();
  double end = -std::numeric_limits<double>::infinity();
  bool empty() const { return !(begin < end); }
};

Span span_of(const MeasuredSeries& series) {
  Span span;
  for (const auto& panel : panels) {
    for (const auto& line : panel.lines) {
      if (line.series == nullptr) continue;
      const auto found = series.find(line.series);
      if (found == series.end() || found->second.empty()) continue;
      span.begin = std::min(span.begin, found->second.front().first);
      span.end = std::max(span.end, found->second.back().first);
    }
  }
  return span;
}

const std::vector<std::pair<double, double>>* points_of(const MeasuredSeries& series, const Line& line) {
  if (line.series == nullptr) return nullptr;
  const auto found = series.find(line.series);
  return found == series.end() || found->second.empty() ? nullptr : &found->second;
}

double highest(const MeasuredSeries& series, const Panel& panel) {
  double most = 0;
  for (const auto& line : panel.lines) {
    const auto* points = points_of(series, line);
    if (points == nullptr) continue;
    for (const auto& [time, value] : *points) most = std::max(most, value);
  }
  return most;
}

bool drawn(const MeasuredSeries& series, const Panel& panel) {
  return std::any_of(panel.lines.begin(), panel.lines.end(),
                     [&](const Line& line) { return points_of(series, line) != nullptr; });
}

// 1, 2 or 5 times a power of ten, at least the value.
double round_up(double value) {
  if (value <= 0) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= value * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

std::string short_number(double value) {
  if (value >= 100 || value == std::floor(value)) return fmt::format("{:.0f}", value);
  return fmt::format("{:.3g}", value);
}

std::string time_label(double milliseconds) {
  return human_duration(Milliseconds(static_cast<std::int64_t>(std::llround(milliseconds / 1000)) * 1000));
}

// The value of each column: of several samples the last, of none the one before; NaN before the first.
std::vector<double> columns_of(const std::vector<std::pair<double, double>>& points, const Span& span,
                               std::size_t width) {
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

MeasuredSeries parse_measurements(std::string_view text) {
  MeasuredSeries series;
  text = text.substr(0, most_bytes);
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) break;
    const auto row = nlohmann::json::parse(text.substr(0, end), nullptr, false);
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

std::string svg_chart(const MeasuredSeries& series) {
  constexpr double width = 900, left = 70, right = 20, height = 130, gap = 50, top = 34;
  const auto span = span_of(series);
  if (span.empty()) return {};
  const auto x = [&](double time) {
    return left + (time - span.begin) / (span.end - span.begin) * (width - left - right);
  };
  std::string body;
  double y = top;
  for (const auto& panel : panels) {
    if (!drawn(series, panel)) continue;
    const double most = round_up(highest(series, panel));
    body += fmt::format("<text x=\"{}\" y=\"{}\" class=\"t\">{}</text>\n", left, y - 8, panel.title);
    for (int part = 0; part <= 2; ++part) {
      const double at = y + height - height * part / 2;
      body += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\" class=\"g\"/>\n", left, width - right, at, at);
      body += fmt::format("<text x=\"{}\" y=\"{}\" class=\"l\" text-anchor=\"end\">{}</text>\n", left - 8, at + 4,
                          short_number(most * part / 2));
    }
    double legend = width - right;
    for (auto line = panel.lines.rbegin(); line != panel.lines.rend(); ++line) {
      const auto* points = points_of(series, *line);
      if (points == nullptr) continue;
      std::string path;
      for (const auto& [time, value] : *points) {
        path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", x(time), y + height - value / most * height);
      }
      body += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\"/>\n", path,
                          line->colour);
      body += fmt::format("<text x=\"{}\" y=\"{}\" class=\"l\" text-anchor=\"end\" style=\"fill:{}\">{}</text>\n",
                          legend, y - 8, line->colour, line->label);
      legend -= 12 + 7 * static_cast<double>(std::string_view(line->label).size());
    }
    for (int part = 0; part <= 4; ++part) {
      const double time = span.begin + (span.end - span.begin) * part / 4;
      body += fmt::format("<text x=\"{:.1f}\" y=\"{}\" class=\"l\" text-anchor=\"middle\">{}</text>\n", x(time),
                          y + height + 16, time_label(time - span.begin));
    }
    y += height + gap;
  }
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" "
             "font-size=\"12\">\n<style>.t{{font-weight:bold;fill:#333}}.l{{fill:#555}}.g{{stroke:#ddd}}</style>\n"
             "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
             width, y - gap + 30) +
         body + "</svg>\n";
}

std::vector<std::string> text_chart(const MeasuredSeries& series, std::size_t width) {
  constexpr std::size_t rows = 3, label = 22, number = 8;
  static constexpr std::array<const char*, 9> blocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto span = span_of(series);
  if (span.empty()) return {};
  const auto columns = std::max<std::size_t>(width, 40) - label - number - 2;
  std::vector<std::string> lines;
  for (const auto& panel : panels) {
    for (const auto& line : panel.lines) {
      const auto* points = points_of(series, line);
      if (points == nullptr) continue;
      double most = 0;
      for (const auto& [time, value] : *points) most = std::max(most, value);
      if (most <= 0 && std::string_view(line.label) == "failed") continue;
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
                                    row + 1 == rows ? short_number(most) : (row == 0 ? "0" : ""), number, drawing));
      }
    }
  }
  const auto end = time_label(span.end - span.begin);
  lines.push_back(fmt::format("{:<{}}0s{:>{}}", "", label + number + 2, end, columns - 2));
  for (auto& line : lines) line.erase(line.find_last_not_of(' ') + 1);
  return lines;
}

}  // namespace quietgate
