#include "stages/gate/proof_text.h"

#include <fmt/format.h>

#include <cmath>

#include "runner/base/time.h"
#include "runner/model/types.h"

namespace quietgate {

namespace {

constexpr std::size_t most_listed = 5;

}  // namespace

std::string clock_time(double seconds) {
  return iso_time(Time(Milliseconds(std::llround(seconds * 1000)))).substr(11, 8) + "Z";
}

std::string count_text(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string span_text(double seconds) {
  if (!std::isfinite(seconds)) return "no time";
  return human_duration(Milliseconds(std::llround(seconds * 1000)));
}

std::string list_text(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < items.size() && i < most_listed; ++i) text += (i > 0 ? "; " : "") + items[i];
  if (items.size() > most_listed) text += fmt::format("; and {} more", items.size() - most_listed);
  return text;
}

}  // namespace quietgate
