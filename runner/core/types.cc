#include "runner/core/types.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#include "runner/core/outcome.h"

namespace quietgate {

namespace {

template <class E, std::size_t N>
bool parse_name(const std::array<std::pair<E, const char*>, N>& names, const std::string& text, E& value) {
  for (const auto& [candidate, name] : names) {
    if (text == name) {
      value = candidate;
      return true;
    }
  }
  return false;
}

template <class E, std::size_t N>
const char* name_of(const std::array<std::pair<E, const char*>, N>& names, E value) {
  for (const auto& [candidate, name] : names) {
    if (candidate == value) return name;
  }
  return "unknown";
}

constexpr std::array<std::pair<Outcome, const char*>, 6> outcome_names{{
    {Outcome::passed, "passed"},
    {Outcome::failed, "failed"},
    {Outcome::inconclusive, "inconclusive"},
    {Outcome::error, "error"},
    {Outcome::cancelled, "cancelled"},
    {Outcome::skipped, "skipped"},
}};

constexpr std::array<std::pair<GateVerdict, const char*>, 3> verdict_names{{
    {GateVerdict::quiet, "quiet"},
    {GateVerdict::loud, "loud"},
    {GateVerdict::blind, "blind"},
}};

int severity(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return 0;
    case Outcome::skipped:
      return 1;
    case Outcome::inconclusive:
      return 2;
    case Outcome::error:
      return 3;
    case Outcome::failed:
      return 4;
    case Outcome::cancelled:
      return 5;
  }
  return 5;
}

}  // namespace

std::string to_string(const RunId& id) {
  return id.repository + "/" + std::to_string(id.number);
}

RunId parse_run_id(const std::string& text) {
  auto slash = text.rfind('/');
  if (slash == std::string::npos || slash == 0) return {};
  RunId id{text.substr(0, slash), 0};
  const char* begin = text.data() + slash + 1;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(begin, end, id.number);
  if (error != std::errc{} || stop != end || id.number < 1) return {};
  return id;
}

const char* to_string(Outcome outcome) {
  return name_of(outcome_names, outcome);
}
bool parse_outcome(const std::string& text, Outcome& outcome) {
  return parse_name(outcome_names, text, outcome);
}
const char* to_string(GateVerdict verdict) {
  return name_of(verdict_names, verdict);
}
bool parse_gate_verdict(const std::string& text, GateVerdict& verdict) {
  return parse_name(verdict_names, text, verdict);
}

Outcome worst(Outcome a, Outcome b) {
  return severity(a) >= severity(b) ? a : b;
}

std::string human_duration(Milliseconds duration) {
  auto ms = duration.count();
  std::string sign;
  if (ms < 0) {
    sign = "-";
    ms = -ms;
  }
  if (ms < 1000) return sign + std::to_string(ms) + "ms";
  if (ms < 60'000) {
    auto tenths = ms % 1000 / 100;
    std::string fraction = tenths == 0 || ms >= 10'000 ? "" : "." + std::to_string(tenths);
    return sign + std::to_string(ms / 1000) + fraction + "s";
  }
  auto seconds = ms / 1000;
  std::array<std::pair<std::int64_t, const char*>, 4> units{
      {{seconds / 86'400, "d"}, {seconds / 3600 % 24, "h"}, {seconds / 60 % 60, "m"}, {seconds % 60, "s"}}};
  std::string text;
  int parts = 0;
  for (const auto& [count, unit] : units) {
    if (count == 0 || parts == 2) {
      if (parts > 0) break;
      continue;
    }
    text += (parts++ > 0 ? " " : "") + std::to_string(count) + unit;
  }
  return sign + text;
}

std::string iso_time(Time time) {
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(time - midnight);
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

}  // namespace quietgate
