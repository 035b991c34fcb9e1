#include "stages/promote/judged_before.h"

#include <algorithm>
#include <map>

#include "runner/model/expression.h"

namespace quietgate {

namespace {

// The server of the stage's gate as the plan has it, with its references; empty: it has no gate.
std::string server_of(const std::vector<Row>& rows, const std::string& stage) {
  for (const auto& row : rows) {
    const auto* e = std::get_if<PlanCompiled>(&row.event);
    const auto* spec = e == nullptr ? nullptr : e->plan->find(stage);
    if (const auto* gate = spec == nullptr ? nullptr : gate_of(*spec); gate != nullptr) return gate->prometheus;
  }
  return {};
}

}  // namespace

std::optional<JudgedBefore> judged_before(const std::vector<Row>& rows, const std::string& stage) {
  std::optional<JudgedBefore> found;
  for (const auto& row : rows) {
    if (const auto* e = std::get_if<GateJudged>(&row.event); e != nullptr && e->stage == stage)
      found = JudgedBefore{e->judgement, row.at, e->attempt};
    if (const auto* e = std::get_if<ApprovalAwaited>(&row.event); e != nullptr && e->stage == stage && found)
      found->asked_since = true;
  }
  return found;
}

std::string GoneEnvironment::sentence() const {
  return "environment " + id + " was destroyed at " + iso_time(at) + (cause.empty() ? "" : ": " + cause);
}

std::optional<GoneEnvironment> gone_environment(const std::vector<Row>& rows, const std::string& stage) {
  const auto names = mentions(server_of(rows, stage));
  const auto* asked = std::get_if<std::vector<Mention>>(&names);
  if (asked == nullptr || asked->empty()) return std::nullopt;
  const auto is_asked = [asked](const std::string& maker) {
    const auto outputs = "stages." + maker + ".outputs.";
    return std::any_of(asked->begin(), asked->end(),
                       [&](const Mention& name) { return name.name.starts_with(outputs); });
  };
  std::map<std::string, std::string> newest;  // environment, by the stage that made it
  std::optional<GoneEnvironment> gone;
  for (const auto& row : rows) {
    if (const auto* e = std::get_if<EnvironmentPlanned>(&row.event); e != nullptr && is_asked(e->stage)) {
      if (gone && newest[e->stage] == gone->id) gone.reset();
      newest[e->stage] = e->environment;
    }
    const auto* e = std::get_if<EnvironmentDestroyed>(&row.event);
    if (e == nullptr || gone) continue;
    if (std::any_of(newest.begin(), newest.end(), [e](const auto& made) { return made.second == e->environment; }))
      gone = GoneEnvironment{e->environment, e->cause, row.at};
  }
  return gone;
}

}  // namespace quietgate
