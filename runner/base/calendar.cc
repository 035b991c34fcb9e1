#include "runner/base/calendar.h"

#include <charconv>
#include <chrono>

namespace quietgate {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes a number of at most `most` digits, and the sign behind it, off the front; nothing when they do not stand there.
std::optional<int> take_number(std::string_view& text, std::size_t most, char sign) {
  int value = 0;
  std::size_t at = 0;
  for (; at < most && at < text.size() && is_digit(text[at]); ++at) value = value * 10 + (text[at] - '0');
  if (at == 0 || at == text.size() || text[at] != sign) return std::nullopt;
  text.remove_prefix(at + 1);
  return value;
}

// Seconds east of UTC of `Z`, `+01:00`.
std::optional<double> offset_in(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  for (const std::size_t at : {1U, 2U, 4U, 5U})
    if (!is_digit(text[at])) return std::nullopt;
  const auto pair = [text](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  return (text[0] == '-' ? -60.0 : 60.0) * (pair(1) * 60 + pair(4));
}

}  // namespace

std::optional<double> parse_rfc3339(std::string_view text) {
  const auto year = take_number(text, 4, '-');
  const auto month = year ? take_number(text, 2, '-') : year;
  const auto day = month ? take_number(text, 2, 'T') : month;
  const auto hour = day ? take_number(text, 2, ':') : day;
  const auto minute = hour ? take_number(text, 2, ':') : hour;
  if (!minute || *hour > 23 || *minute > 59 || text.empty() || !is_digit(text[0])) return std::nullopt;
  double second = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, second, std::chars_format::fixed);
  if (error != std::errc{} || !(second < 61)) return std::nullopt;
  const auto offset = offset_in({rest, end});
  const auto date = std::chrono::year{*year} / *month / *day;
  if (!offset || !date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return static_cast<double>(days) * 86'400 + *hour * 3600.0 + *minute * 60.0 + second - *offset;
}

}  // namespace quietgate
