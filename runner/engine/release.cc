#include "runner/engine/release.h"

#include <algorithm>
#include <map>
#include <set>

namespace quietgate {

namespace {

constexpr std::size_t read_batch = 256;
constexpr std::size_t looked_through = 100;  // newer runs

// What the stage promoted; nothing: it promoted nothing, or only tried to.
std::optional<Undeployed> promoted_by(const RunState& run, const StageSpec& spec) {
  if (!std::holds_alternative<PromoteSpec>(spec.body)) return std::nullopt;
  const auto& stage = run.stages.at(spec.name);
  const bool goes_back = run.rollback.wanted();
  if (stage.promoted)
    return Undeployed{stage.promotion.branch, stage.promotion.to, !goes_back && !stage.promotion.from.empty(), {}, {}};
  // The branch was there already.
  const auto branch = stage.outcome.outputs.find("branch");
  const bool passed = stage.status == StageStatus::finished && stage.outcome.outcome == Outcome::passed;
  if (!passed || branch == stage.outcome.outputs.end()) return std::nullopt;
  return Undeployed{branch->second, run.commit, false, {}, {}};
}

// Stages whose environment became ready, whatever became of them afterwards.
std::set<std::string> made_ready(const std::vector<Row>& rows) {
  std::map<std::string, std::string> made_by;
  std::set<std::string> ready;
  for (const auto& row : rows) {
    if (const auto* planned = std::get_if<EnvironmentPlanned>(&row.event))
      made_by[planned->environment] = planned->stage;
    if (const auto* there = std::get_if<EnvironmentReady>(&row.event)) ready.insert(made_by[there->environment]);
  }
  return ready;
}

bool keeps(const StageSpec& spec) {
  const auto* apply = std::get_if<ApplySpec>(&spec.body);
  return apply != nullptr && apply->keep;
}

std::string first_seven(const CommitId& commit) {
  return commit.substr(0, 7);
}

// No, when that can't be told.
bool is_put_back(Journal& journal, Catalog& catalog, const RunId& run) {
  const auto newest = catalog.runs(run.repository, looked_through);
  if (!newest) return false;
  for (const auto& other : *newest) {
    if (other.id.number <= run.number) break;
    const auto rows = journal.read(other.first - 1, 1);
    const auto* asked = rows && !rows->empty() ? std::get_if<RunRequested>(&rows->front().event) : nullptr;
    if (asked != nullptr && asked->rollback.of == run) return true;
  }
  return false;
}

}  // namespace

Result<FoldedRun> fold_run(Journal& journal, const RunId& run) {
  FoldedRun folded;
  folded.state.id = run;
  std::int64_t cursor = 0;
  for (;;) {
    auto rows = journal.read(cursor, read_batch, run);
    if (!rows) return rows.error();
    for (auto& row : *rows) {
      fold(folded.state, row.event, row.at);
      cursor = row.sequence;
      folded.rows.push_back(std::move(row));
    }
    if (rows->size() < read_batch) return folded;
  }
}

std::optional<Undeployed> undeployed(const RunState& run, const std::vector<Row>& rows) {
  if (!run.plan) return std::nullopt;
  std::map<std::string, Undeployed> behind;  // by stage: the promotion that it comes after, or makes
  std::optional<std::set<std::string>> ready;
  for (const auto& spec : run.plan->stages) {  // a need comes before its user
    if (auto made = promoted_by(run, spec)) behind.emplace(spec.name, *made);
    for (const auto& need : spec.needs) {
      if (const auto found = behind.find(need); found != behind.end()) behind.emplace(spec.name, found->second);
    }
    const auto found = behind.find(spec.name);
    if (found == behind.end() || !keeps(spec)) continue;
    const auto& stage = run.stages.at(spec.name);
    const bool passed = stage.status == StageStatus::finished && stage.outcome.outcome == Outcome::passed;
    if (passed || stage.skipped_by_condition || stage.outcome.roll_back) continue;
    // The branch has moved on: the stage says so itself.
    if (stage.outcome.outputs.contains("overtaken_by")) continue;
    if (!ready) ready = made_ready(rows);
    if (ready->contains(spec.name)) continue;
    auto missing = found->second;
    missing.stage = spec.name;
    missing.why = stage.outcome.reason;
    return missing;
  }
  return std::nullopt;
}

std::string with_undeployed(std::string reason, const RunState& run, const std::vector<Row>& rows) {
  const auto missing = undeployed(run, rows);
  if (!missing) return reason;
  const auto name = to_string(run.id);
  const auto why = reason.empty() && !missing->why.empty() ? " (" + missing->why + ")" : "";
  if (!reason.empty()) reason += "; ";
  reason += missing->branch + " is at " + first_seven(missing->commit) + ", but " + missing->stage +
            " did not deploy it" + why + ": ";
  if (missing->can_go_back) reason += "put it back with `quietgate rollback " + name + " --reason TEXT`, or ";
  return reason + "deploy it with `quietgate retry " + name + "`";
}

std::string reason_of_end(Journal& journal, Catalog& catalog, const std::string& reason, const RunState& run,
                          const std::vector<Row>& rows) {
  auto told = with_undeployed(reason, run, rows);
  return told == reason || is_put_back(journal, catalog, run.id) ? reason : told;
}

}  // namespace quietgate
