// Reads the bodies that Prometheus' HTTP API answers. Pure; a surprise of any sort is an error, never data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stages/prometheus/prometheus.h"

namespace quietgate {

// Every function takes the body of an answer with status 200. Errors (kind infrastructure) hold the server's own words
// where there are any, with their cause, and are to be prefixed with the URL. Non-empty `warnings` are errors.
Result<std::vector<Series>> read_series(std::string_view body);  // vector, matrix or scalar
Result<RuntimeInformation> read_runtime(std::string_view body);
Result<std::vector<LoadedRule>> read_loaded_rules(std::string_view body);
Result<std::vector<ScrapeTarget>> read_targets(std::string_view body);
Result<bool> read_has_metadata(std::string_view body);  // whether /api/v1/metadata holds anything
Result<std::string> read_text(std::string_view body);
// The server's words in an answer with another status: `execution: many-to-many matching not allowed`.
std::string read_failure(std::string_view body);
// What such words mean for the caller. Prometheus tells its limits and its parser's errors in words alone.
ErrorCause failure_cause(std::string_view words);

}  // namespace quietgate
