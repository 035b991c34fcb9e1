#include "pipelines/yaml/quantities.h"

#include <array>
#include <charconv>
#include <cmath>

namespace quietgate {

namespace {

constexpr std::array<std::pair<std::string_view, double>, 5> units{
    {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86'400e3}}};
constexpr double longest = 30 * 86'400e3;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Takes digits with at most one point off the front.
std::optional<double> take_number(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '.')) ++end;
  double value = 0;
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + end, value, std::chars_format::fixed);
  if (problem != std::errc{} || stop != text.data() + end || text[0] == '.' || text[end - 1] == '.')
    return std::nullopt;
  text.remove_prefix(end);
  return value;
}

std::optional<double> take_unit(std::string_view& text) {
  for (const auto& [name, factor] : units) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    return factor;
  }
  return std::nullopt;
}

const char* expected_of(Measure measure) {
  switch (measure) {
    case Measure::plain:
      return "a bound such as `\">= 100\"`: one of < <= > >= == != and a number";
    case Measure::ratio:
      return "a bound such as `\"<= 0.01\"` or `\"< 1%\"`: one of < <= > >= == != and a number";
    case Measure::time:
      return "a bound such as `\"<= 250ms\"`: one of < <= > >= == !=, a number and a unit (ms, s, m, h)";
  }
  return "a bound";
}

}  // namespace

std::optional<Milliseconds> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const auto value = take_number(text);
    if (!value) return std::nullopt;
    const auto factor = take_unit(text);
    if (!factor) return std::nullopt;
    total += *value * *factor;
  }
  if (!(total <= longest)) return std::nullopt;
  return Milliseconds(std::llround(total));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, unsigned>, 4> sizes{
      {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}}};
  constexpr std::uint64_t most = 1ULL << 50;
  for (const auto& [unit, bits] : sizes) {
    if (!text.ends_with(unit)) continue;
    text.remove_suffix(unit.size());
    std::uint64_t count = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || stop != text.data() + text.size() || count > (most >> bits)) return std::nullopt;
    return count << bits;
  }
  return std::nullopt;
}

std::variant<Bound, std::string> parse_bound(std::string_view text, Measure measure) {
  using R = Bound::Relation;
  constexpr std::array<std::pair<std::string_view, R>, 6> relations{{{"<=", R::less_equal},
                                                                     {">=", R::greater_equal},
                                                                     {"==", R::equal},
                                                                     {"!=", R::not_equal},
                                                                     {"<", R::less},
                                                                     {">", R::greater}}};
  text = trimmed(text);
  for (const auto& [sign, relation] : relations) {
    if (!text.starts_with(sign)) continue;
    std::string_view rest = trimmed(text.substr(sign.size()));
    const std::string shown = std::string(sign) + " " + std::string(rest);
    const bool negative = measure == Measure::plain && rest.starts_with('-');
    if (negative) rest.remove_prefix(1);
    auto value = take_number(rest);
    if (!value) break;
    if (negative) value = -*value;
    if (measure == Measure::ratio && rest == "%") {
      value = *value / 100;
      rest = {};
    } else if (measure == Measure::time) {
      const auto factor = rest.starts_with('d') ? std::nullopt : take_unit(rest);
      if (!factor) break;
      value = *value * *factor;
    }
    if (!rest.empty()) break;
    return Bound{relation, *value, shown};
  }
  return std::string(expected_of(measure));
}

}  // namespace quietgate
