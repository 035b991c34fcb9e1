// A load drawn from its measurements.ndjson: users, rate, response times and replicas over time. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quietgate {

// By series: milliseconds since the epoch, and the value; in the order of time. Lines that are no measurement are left
// out, and so is everything behind the first 64 MiB.
using MeasuredSeries = std::map<std::string, std::vector<std::pair<double, double>>>;
MeasuredSeries parse_measurements(std::string_view text);

// An SVG document of its own: no scripts, no fonts, nothing to fetch. Empty: there is nothing to draw.
std::string svg_chart(const MeasuredSeries& series);

// Lines of at most `width` columns (at least 40), in UTF-8. Empty: there is nothing to draw.
std::vector<std::string> text_chart(const MeasuredSeries& series, std::size_t width);

}  // namespace quietgate
