#include "runner/cli/stream_reader.h"

#include <utility>

namespace quietgate {

namespace {

constexpr std::size_t event_limit = 64 * 1024 * 1024;

}  // namespace

bool StreamReader::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos) {
      if (partial_.size() + bytes.size() > event_limit) return false;
      partial_ += bytes;
      return true;
    }
    bool more = true;
    if (partial_.empty()) {
      more = line(bytes.substr(0, end));
    } else {
      partial_ += bytes.substr(0, end);
      const auto whole = std::exchange(partial_, {});
      more = line(whole);
    }
    if (!more) return false;
    bytes.remove_prefix(end + 1);
  }
  return true;
}

bool StreamReader::line(std::string_view text) {
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  if (text.empty()) {
    if (event_.type.empty() && event_.data.empty()) return true;
    auto event = std::exchange(event_, {});
    return take_(event);
  }
  const auto colon = text.find(':');
  if (colon == 0) return true;
  const auto field = text.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (field == "id") event_.id = value;
  if (field == "event") event_.type = value;
  if (field == "data") {
    if (!event_.data.empty()) event_.data += '\n';
    event_.data += value;
  }
  return true;
}

}  // namespace quietgate
