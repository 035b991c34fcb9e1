// What the charts of a load show, as text and as SVG: their panels, lines, span and numbers. Pure.
#pragma once

#include <array>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "stages/load/measured_series.h"

namespace quietgate {

struct ChartLine {
  const char* series;
  const char* label;
  const char* colour;
  bool only_above_zero = false;  // that nothing failed needs no line
};

struct ChartPanel {
  const char* title;
  const char* unit;                // after a line's label, where there is no title
  bool counts;                     // whole numbers that stay until they change
  std::array<ChartLine, 3> lines;  // those without a series are none
  bool between_loads = false;      // measured between the loads too: a hole in time is none in its lines
};

// Colours that are told apart by people who see them differently, and on white and black alike.
constexpr std::array<ChartPanel, 4> chart_panels{{
    {"users", "", true, {{{"load.users", "users", "#0072b2"}}}},
    {"requests/s",
     "/s",
     false,
     {{{"load.requests_per_second", "requests", "#009e73"},
       {"load.failures_per_second", "failed", "#d55e00", true},
       {"load.arrivals_intended", "intended arrivals", "#56b4e9"}}}},
    {"response time, ms",
     " ms",
     false,
     {{{"load.p50_ms", "p50", "#56b4e9"}, {"load.p95_ms", "p95", "#e69f00"}, {"load.p99_ms", "p99", "#d55e00"}}}},
    {"replicas",
     " replicas",
     true,
     {{{"replicas", "ready", "#0072b2"}, {"replicas_desired", "desired", "#cc79a7"}}},
     true},
}};

using ChartPoints = std::vector<std::pair<double, double>>;

struct ChartSpan {
  static constexpr double most_span = 1e12;  // milliseconds: thirty years
  double begin = std::numeric_limits<double>::infinity();
  double end = -std::numeric_limits<double>::infinity();
  bool empty() const { return !(begin < end && end - begin < most_span); }  // also when no axis can hold it
};
ChartSpan chart_span(const MeasuredSeries& series);

// Null: nothing to draw.
const ChartPoints* points_of(const MeasuredSeries& series, const ChartLine& line);

// `4,512`, `12.5`.
std::string chart_number(double value);
// `1m 30s`; of zero `0s`.
std::string chart_time(double milliseconds);

}  // namespace quietgate
