#include "runner/api/asked.h"

#include <charconv>

namespace quietgate {

namespace {

std::optional<std::int64_t> whole_number(const std::string& text, std::int64_t least, std::int64_t most, bool& bad) {
  std::int64_t value = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && stop == text.data() + text.size() && value >= least && value <= most) return value;
  bad = true;
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> Asked::number(const std::string& key, std::int64_t least, std::int64_t most,
                                          bool& bad) const {
  auto text = target.value(key);
  if (!text) return std::nullopt;
  return whole_number(*text, least, most, bad);
}

std::optional<std::int64_t> Asked::resumed(const std::string& key, bool& bad) const {
  auto from = number(key, 0, INT64_MAX, bad);
  if (!request.last_event_id.empty()) from = whole_number(request.last_event_id, 0, INT64_MAX, bad);
  return from;
}

}  // namespace quietgate
