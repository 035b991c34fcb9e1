#include "runner/model/types.h"

#include <array>
#include <charconv>
#include <utility>

#include "runner/model/outcome.h"

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

constexpr std::array<std::pair<RunStatus, const char*>, 3> run_status_names{{
    {RunStatus::requested, "requested"},
    {RunStatus::running, "running"},
    {RunStatus::finished, "finished"},
}};

constexpr std::array<std::pair<EnvironmentStatus, const char*>, 4> environment_status_names{{
    {EnvironmentStatus::planned, "planned"},
    {EnvironmentStatus::ready, "ready"},
    {EnvironmentStatus::failing, "failing"},
    {EnvironmentStatus::destroyed, "destroyed"},
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

const char* to_string(RunStatus status) {
  return name_of(run_status_names, status);
}
bool parse_run_status(const std::string& text, RunStatus& status) {
  return parse_name(run_status_names, text, status);
}
const char* to_string(EnvironmentStatus status) {
  return name_of(environment_status_names, status);
}
bool parse_environment_status(const std::string& text, EnvironmentStatus& status) {
  return parse_name(environment_status_names, text, status);
}

Outcome worst(Outcome a, Outcome b) {
  return severity(a) >= severity(b) ? a : b;
}

}  // namespace quietgate
