// What the gate of a promote stage has on record, and whether what it judged still lives.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/model/outcome.h"
#include "runner/ports/journal.h"

namespace quietgate {

struct JudgedBefore {
  GateJudgement judgement;
  Time at{};
  int attempt = 1;
  bool asked_since = false;  // a person was asked on the strength of it
};
// The stage's last judgement among a run's rows.
std::optional<JudgedBefore> judged_before(const std::vector<Row>& rows, const std::string& stage);

struct GoneEnvironment {
  std::string id;
  std::string cause;
  Time at{};
  std::string sentence() const;  // `environment hello-4-staging was destroyed at 10:02:03Z: its run has ended`
};
// The environment that the stage's gate asks, by what the plan says of its server, if it was destroyed; the first of
// several.
std::optional<GoneEnvironment> gone_environment(const std::vector<Row>& rows, const std::string& stage);

}  // namespace quietgate
