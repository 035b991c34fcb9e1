// A load over time as SVG: users, rate, response times and replicas, one panel above the other, on one time axis. Pure.
#pragma once

#include <string>

#include "stages/load/measured_series.h"

namespace quietgate {

// An SVG document of its own: no scripts, no fonts, nothing to fetch. Empty: there is nothing to draw.
std::string svg_chart(const MeasuredSeries& series);

}  // namespace quietgate
