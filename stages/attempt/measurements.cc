#include "stages/attempt/measurements.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"

namespace quietgate {

void Measurements::add(std::string_view series, double seconds, double value) {
  if (!std::isfinite(value) || !std::isfinite(seconds)) return;
  auto name = json_text(nlohmann::json(series));
  text_ += fmt::format("{{\"series\":{},\"t\":{},\"v\":{}}}\n", name, std::llround(seconds * 1000), value);
}

void Measurements::add(std::string_view series, const std::vector<Sample>& samples) {
  for (const auto& sample : samples) add(series, sample.time, sample.value);
}

std::string format_labels(const Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (name != "__name__") text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ", ", name, value);
  }
  return text.empty() ? text : "{" + text + "}";
}

}  // namespace quietgate
