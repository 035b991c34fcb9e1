// The small values that every room speaks: ids, windows, outcomes.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "runner/base/time.h"

namespace quietgate {

// A full commit id in lower-case hexadecimal (40 digits), or empty for "no commit".
using CommitId = std::string;

// One run: the repository's configured name and the run's number there, from 1. Printed as `hello-flask/12`.
struct RunId {
  std::string repository;
  std::int64_t number = 0;
  auto operator<=>(const RunId&) const = default;
};

std::string to_string(const RunId& id);
// Parses `repository/number`; an empty repository in the answer means that the text is not a run id.
RunId parse_run_id(const std::string& text);

// A closed span [begin, end] on the metrics server's clock, in which something is judged.
struct Window {
  Time begin{};
  Time end{};
  bool operator==(const Window&) const = default;
};

// How one stage attempt, or one run, ended. Only `passed` lets the next stage start.
//   failed: the tested commit did it.  inconclusive: data was lacking.  error: our machinery did it.
//   cancelled: somebody or something ended it (the reason says who).  skipped: it never started.
enum class Outcome { passed, failed, inconclusive, error, cancelled, skipped };

const char* to_string(Outcome outcome);
bool parse_outcome(const std::string& text, Outcome& outcome);

enum class GateVerdict { quiet, loud, blind };
const char* to_string(GateVerdict verdict);
bool parse_gate_verdict(const std::string& text, GateVerdict& verdict);

enum class RunStatus { requested, running, finished };
const char* to_string(RunStatus status);
bool parse_run_status(const std::string& text, RunStatus& status);

// failing: it could not be destroyed so far.
enum class EnvironmentStatus { planned, ready, failing, destroyed };
const char* to_string(EnvironmentStatus status);
bool parse_environment_status(const std::string& text, EnvironmentStatus& status);

}  // namespace quietgate
