// What a load measured, as it stands in measurements.ndjson. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quietgate {

// By the series' name: milliseconds since the epoch, and the value; in the order of time.
using MeasuredSeries = std::map<std::string, std::vector<std::pair<double, double>>>;

// Never fails: a line that is no measurement, a last line without its end, and all that follows the first 64 MiB are
// left out.
MeasuredSeries parse_measurements(std::string_view text);

}  // namespace quietgate
