// A load over time as text: users, rate, response times and replicas. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "stages/load/measured_series.h"

namespace quietgate {

// Lines of at most `width` columns (at least 40), in UTF-8. Empty: there is nothing to draw.
std::vector<std::string> text_chart(const MeasuredSeries& series, std::size_t width);

}  // namespace quietgate
