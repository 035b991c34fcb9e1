#include "stages/attempt/measurements.h"

#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "runner/base/plain_file.h"

namespace quietgate {

void Measurements::add(std::string_view series, double seconds, double value) {
  if (!std::isfinite(value) || !std::isfinite(seconds)) return;
  auto name = nlohmann::json(series).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
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

Result<void> replace_file(const std::string& path, std::string_view text) {
  auto draft = path + ".new";
  std::remove(draft.c_str());  // whatever stands there
  if (append_plain(draft, std::string(text)) && std::rename(draft.c_str(), path.c_str()) == 0) return {};
  auto why = std::strerror(errno);
  std::remove(draft.c_str());
  return infrastructure_error(fmt::format("{} could not be written: {}", path, why),
                              "free space on the disk of the data directory, or make it writable");
}

}  // namespace quietgate
