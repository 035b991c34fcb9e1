#include "tests/simulation/sim_journal.h"

#include <algorithm>
#include <stdexcept>

namespace quietgate {

void SimDisk::write(Time at, const std::vector<Event>& events) {
  auto mix = [this](const std::string& text) {
    for (unsigned char c : text) digest = (digest ^ c) * 0x100000001b3ULL;
  };
  std::vector<Row> added;
  for (const auto& event : events) {
    const std::string type = type_of(event);
    const auto payload = to_json(event);
    auto parsed = event_from_json(type, payload);
    if (!parsed) throw std::runtime_error("a written row can't be read: " + parsed.error().message);
    added.push_back({static_cast<std::int64_t>(rows.size()) + 1, at, std::move(*parsed)});
    rows.push_back(added.back());
    mix(std::to_string(at.time_since_epoch().count()));
    mix(type);
    mix(payload);
  }
  if (committed) committed(added);
}

SimJournal::SimJournal(SimDisk& disk, const Clock& clock, Executor executor)
    : disk_(disk), clock_(clock), bell_(std::move(executor)) {
  for (const auto& row : disk.rows) project(row);
}

Result<std::int64_t> SimJournal::append_now(std::vector<Event> events) {
  if (events.empty()) return last();
  const auto before = disk_.rows.size();
  disk_.write(clock_.now(), events);
  for (auto at = before; at < disk_.rows.size(); ++at) project(disk_.rows[at]);
  bell_.ring();
  return last();
}

Result<std::vector<Row>> SimJournal::read_now(std::int64_t after, std::size_t limit, std::optional<RunId> run) {
  std::vector<Row> rows;
  if (!run) {
    for (auto sequence = after + 1; sequence <= last() && rows.size() < limit; ++sequence)
      rows.push_back(disk_.rows[static_cast<std::size_t>(sequence - 1)]);
    return rows;
  }
  auto found = rows_of_.find(*run);
  if (found == rows_of_.end()) return rows;
  const auto& of_run = found->second;
  for (auto at = std::upper_bound(of_run.begin(), of_run.end(), after); at != of_run.end() && rows.size() < limit; ++at)
    rows.push_back(disk_.rows[static_cast<std::size_t>(*at - 1)]);
  return rows;
}

void SimJournal::project(const Row& row) {
  const auto run = run_of(row.event);
  if (run.number > 0) rows_of_[run].push_back(row.sequence);
  if (const auto* watched = std::get_if<RepositoryWatched>(&row.event)) watched_.insert(watched->repository);
  if (const auto* moved = std::get_if<RefMoved>(&row.event)) {
    if (moved->to.empty()) {
      branches_[moved->repository].erase(moved->branch);
    } else {
      branches_[moved->repository][moved->branch] = moved->to;
    }
  }
  if (const auto* sealed = std::get_if<EvidenceSealed>(&row.event))
    unpublished_[row.sequence] = {row.sequence, sealed->run, sealed->stage, row.at};
  if (const auto* published = std::get_if<EvidencePublished>(&row.event)) {
    std::erase_if(unpublished_, [&](const auto& one) {
      return one.second.run == published->run && one.second.stage == published->stage;
    });
  }
  if (std::holds_alternative<CommitPromoted>(row.event)) promoted_.insert(run);
  project_run(row);
  project_environment(row);
}

void SimJournal::project_run(const Row& row) {
  if (const auto* asked = std::get_if<RunRequested>(&row.event)) {
    RunSummary summary;
    summary.id = asked->run;
    summary.first = row.sequence;
    summary.branch = asked->branch;
    summary.commit = asked->commit;
    summary.cause = asked->cause;
    summary.status = RunStatus::requested;
    summary.requested = row.at;
    runs_.emplace(asked->run, summary);
    return;
  }
  auto found = runs_.find(run_of(row.event));
  if (found == runs_.end()) return;
  auto& summary = found->second;
  if (std::holds_alternative<PlanCompiled>(row.event) && summary.status == RunStatus::requested) {
    summary.status = RunStatus::running;
    summary.started = row.at;
  } else if (const auto* finished = std::get_if<RunFinished>(&row.event)) {
    if (summary.status == RunStatus::finished) return;
    summary.status = RunStatus::finished;
    summary.outcome = finished->outcome;
    summary.reason = finished->reason;
    summary.finished = row.at;
  } else if (std::holds_alternative<PromotionRequested>(row.event) && summary.status == RunStatus::finished) {
    summary.status = RunStatus::running;
  }
}

void SimJournal::project_environment(const Row& row) {
  if (const auto* planned = std::get_if<EnvironmentPlanned>(&row.event)) {
    auto& e = environments_[planned->environment];
    e.created = row.at;
    e.id = planned->environment;
    e.run = planned->run;
    e.stage = planned->stage;
    e.provisioner = planned->provisioner;
    e.status = EnvironmentStatus::planned;
    e.keep = planned->keep;
    e.expires = planned->expires;
    e.ports = planned->ports;
    e.destroy_tries = 0;
    e.problem.clear();
  } else if (const auto* ready = std::get_if<EnvironmentReady>(&row.event)) {
    if (auto e = environments_.find(ready->environment); e != environments_.end())
      e->second.status = EnvironmentStatus::ready;
  } else if (const auto* gone = std::get_if<EnvironmentDestroyed>(&row.event)) {
    environments_.erase(gone->environment);
  } else if (const auto* extended = std::get_if<EnvironmentExtended>(&row.event)) {
    auto e = environments_.find(extended->environment);
    if (e != environments_.end() && !e->second.keep) e->second.expires = std::max(e->second.expires, extended->expires);
  } else if (const auto* unwanted = std::get_if<EnvironmentDestroyRequested>(&row.event)) {
    auto e = environments_.find(unwanted->environment);
    if (e == environments_.end()) return;
    e->second.keep = false;
    e->second.expires = row.at;
    e->second.destroy_tries = 0;
  } else if (const auto* failing = std::get_if<EnvironmentNotDestroyed>(&row.event)) {
    auto e = environments_.find(failing->environment);
    if (e == environments_.end()) return;
    e->second.status = EnvironmentStatus::failing;
    e->second.destroy_tries = failing->tries;
    e->second.problem = failing->reason;
  }
}

Result<std::vector<RunSummary>> SimJournal::runs_now(const std::string& repository, std::size_t limit,
                                                     std::int64_t before) {
  std::vector<RunSummary> found;
  for (const auto& [id, summary] : runs_) {
    if ((repository.empty() || id.repository == repository) && (before == 0 || summary.first < before))
      found.push_back(summary);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  if (found.size() > limit) found.resize(limit);
  return found;
}

Result<std::optional<RunSummary>> SimJournal::run_now(const RunId& id) {
  auto found = runs_.find(id);
  if (found == runs_.end()) return std::optional<RunSummary>();
  return std::optional<RunSummary>(found->second);
}

Result<std::vector<RunSummary>> SimJournal::unfinished_runs_now() {
  std::vector<RunSummary> found;
  for (const auto& [id, summary] : runs_) {
    if (summary.status != RunStatus::finished) found.push_back(summary);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return found;
}

Result<std::int64_t> SimJournal::next_number(const std::string& repository) {
  std::int64_t number = 0;
  for (const auto& [id, summary] : runs_) {
    if (id.repository == repository) number = std::max(number, id.number);
  }
  return number + 1;
}

Result<CommitId> SimJournal::last_run_commit_now(const std::string& repository, const std::string& branch) {
  CommitId commit;
  for (const auto& [id, summary] : runs_) {  // by number
    if (id.repository == repository && summary.branch == branch) commit = summary.commit;
  }
  return commit;
}

Result<bool> SimJournal::watched_now(const std::string& repository) {
  return watched_.contains(repository);
}

Result<std::map<std::string, CommitId>> SimJournal::branches_now(const std::string& repository) {
  return branches_[repository];
}

Result<std::vector<EnvironmentSummary>> SimJournal::environments_now() {
  std::vector<EnvironmentSummary> found;
  for (const auto& [id, environment] : environments_) found.push_back(environment);
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return std::tie(a.created, a.id) < std::tie(b.created, b.id); });
  return found;
}

Result<std::vector<PendingEvidence>> SimJournal::unpublished_evidence_now() {
  std::vector<PendingEvidence> found;
  for (const auto& [sequence, evidence] : unpublished_) found.push_back(evidence);
  return found;
}

Result<std::vector<RunId>> SimJournal::promoted_runs_now(const std::string& repository, std::size_t limit) {
  std::vector<RunId> found;
  for (auto run = promoted_.rbegin(); run != promoted_.rend() && found.size() < limit; ++run) {
    if (run->repository == repository) found.push_back(*run);
  }
  return found;
}

}  // namespace quietgate
