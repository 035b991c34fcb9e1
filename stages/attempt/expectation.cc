#include "stages/attempt/expectation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace quietgate {

namespace {

const char* suffix_of(Unit unit) {
  switch (unit) {
    case Unit::milliseconds:
      return " ms";
    case Unit::requests_per_second:
      return " req/s";
    case Unit::number:
    case Unit::ratio:
    case Unit::count:
      return "";
  }
  return "";
}

// Digits after the point that people want to see of a number of this size.
int usual_digits(double value, Unit unit) {
  double size = std::fabs(value);
  bool whole = value == std::floor(value);
  switch (unit) {
    case Unit::count:
      return whole ? 0 : 2;
    case Unit::ratio:
      return 3;
    case Unit::milliseconds:
      return whole || size >= 10 ? 0 : 2;
    case Unit::requests_per_second:
      return whole || size >= 100 ? 0 : 1;
    case Unit::number:
      return whole ? 0 : (size >= 100 ? 1 : 3);
  }
  return 3;
}

std::string with_thousands(const std::string& number) {
  std::size_t begin = number[0] == '-' ? 1 : 0;
  std::size_t end = std::min(number.find('.'), number.size());
  std::string text;
  for (std::size_t place = 0; place < number.size(); ++place) {
    if (place > begin && place < end && (end - place) % 3 == 0) text += ',';
    text += number[place];
  }
  return text;
}

std::string format_digits(double value, Unit unit, int digits) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (std::fabs(value) >= 1e15) return fmt::format("{:.6g}{}", value, suffix_of(unit));
  return with_thousands(fmt::format("{:.{}f}", value, digits)) + suffix_of(unit);
}

double rounded(double value, int digits) {
  double scale = std::pow(10.0, digits);
  return std::round(value * scale) / scale;
}

bool nearly(double a, double b) {
  return std::fabs(a - b) <= 1e-12 * std::max(1.0, std::fabs(b));
}

std::string word_of(Outcome outcome, std::size_t count) {
  if (outcome == Outcome::passed) return count == 1 ? "holds" : "hold";
  if (outcome == Outcome::failed) return "failed";
  return "could not be judged";
}

}  // namespace

std::string format_quantity(double value, Unit unit) {
  return format_digits(value, unit, usual_digits(value, unit));
}

std::string format_count(std::int64_t count) {
  return with_thousands(std::to_string(count));
}

const char* relation_symbol(Bound::Relation relation, bool holds) {
  switch (relation) {
    case Bound::Relation::less:
      return holds ? "<" : ">=";
    case Bound::Relation::less_equal:
      return holds ? "<=" : ">";
    case Bound::Relation::greater:
      return holds ? ">" : "<=";
    case Bound::Relation::greater_equal:
      return holds ? ">=" : "<";
    case Bound::Relation::equal:
      return holds ? "=" : "!=";
    case Bound::Relation::not_equal:
      return holds ? "!=" : "=";
  }
  return "?";
}

Check judge(std::string name, double observed, Unit unit, const Bound& bound, std::string_view basis) {
  if (!std::isfinite(observed)) {
    auto value = format_quantity(observed, unit);
    auto check =
        inconclusive_check(name, bound.text, fmt::format("{} is {}: there is no number to judge", name, value));
    check.observed = value;
    return check;
  }
  bool holds = bound.holds(observed);
  // A bound is printed in full: `< 0.0005` must not read `< 0.001`.
  int bound_digits = usual_digits(bound.value, unit);
  while (bound_digits < 9 && !nearly(rounded(bound.value, bound_digits), bound.value)) ++bound_digits;
  // `250 ms > 250 ms` would be nonsense to its reader.
  int digits = usual_digits(observed, unit);
  while (digits < 9 && observed != bound.value && nearly(rounded(observed, digits), bound.value)) ++digits;
  Check check;
  check.observed = format_digits(observed, unit, digits);
  check.expected = bound.text;
  check.outcome = holds ? Outcome::passed : Outcome::failed;
  auto limit = format_digits(bound.value, unit, bound_digits);
  if (unit == Unit::ratio && limit.find('.') != std::string::npos) {
    limit.erase(std::max(limit.find_last_not_of('0') + 1, limit.find('.') + 2));
  }
  check.sentence = fmt::format("{} {} {} {}{}{}", name, check.observed, relation_symbol(bound.relation, holds), limit,
                               basis.empty() ? "" : " ", basis);
  check.name = std::move(name);
  return check;
}

Check inconclusive_check(std::string name, std::string expected, std::string sentence) {
  return {std::move(name), std::move(expected), "no data", Outcome::inconclusive, std::move(sentence)};
}

Check failed_check(std::string name, std::string expected, std::string observed, std::string sentence) {
  return {std::move(name), std::move(expected), std::move(observed), Outcome::failed, std::move(sentence)};
}

Check passed_check(std::string name, std::string expected, std::string observed, std::string sentence) {
  return {std::move(name), std::move(expected), std::move(observed), Outcome::passed, std::move(sentence)};
}

Check warning_check(std::string name, std::string expected, std::string observed, const std::string& sentence) {
  return {std::move(name), std::move(expected), std::move(observed), Outcome::passed, "WARNING: " + sentence, true};
}

Summary summarise(const std::vector<Check>& checks) {
  Summary summary;
  if (checks.empty()) return {Outcome::inconclusive, "nothing was checked"};
  summary.outcome = Outcome::passed;
  for (const auto& check : checks) summary.outcome = worst(summary.outcome, check.outcome);
  // A pass is told by its first few and by what it warns of; anything else has one reason, and people want that one.
  const std::size_t told = summary.outcome == Outcome::passed ? 3 : 1;
  std::size_t same = 0, untold = 0;
  for (const auto& check : checks) {
    if (check.outcome != summary.outcome) continue;
    const bool warns = summary.outcome == Outcome::passed && check.warns;
    if (++same > told && !warns) {
      ++untold;
      continue;
    }
    if (same > 1) summary.sentence += "; ";
    summary.sentence += check.sentence;
  }
  if (untold > 0) summary.sentence += fmt::format("; {} more {}", untold, word_of(summary.outcome, untold));
  return summary;
}

}  // namespace quietgate
