// A journal in memory, with the projections that the API asks for. `clock` moves by hand.
#pragma once

#include <algorithm>

#include "runner/api/run_record.h"
#include "runner/ports/inline_catalog.h"
#include "runner/ports/inline_journal.h"
#include "tests/support/specs.h"

namespace quietgate {

class FakeJournal : public InlineJournal, public InlineCatalog {
 public:
  explicit FakeJournal(Executor executor) : bell_(std::move(executor)) {}

  Time clock{Milliseconds{1'770'000'000'000}};
  std::vector<Row> rows;
  bool broken = false;
  void pass(Milliseconds span) { clock += span; }
  void add(Event event) { (void)append_now({std::move(event)}).ok(); }

  Result<std::int64_t> append_now(std::vector<Event> events) override {
    if (broken) return infrastructure_error("the journal can't be written: disk full", "free space");
    for (auto& event : events) rows.push_back({last() + 1, clock, std::move(event)});
    bell_.ring();
    return last();
  }
  Result<std::vector<Row>> read_now(std::int64_t after, std::size_t limit, std::optional<RunId> run) override {
    if (broken) return infrastructure_error("the journal can't be read", "restore it");
    std::vector<Row> found;
    for (const auto& row : rows) {
      if (row.sequence > after && (!run || run_of(row.event) == *run) && found.size() < limit) found.push_back(row);
    }
    return found;
  }
  std::int64_t last() const override { return static_cast<std::int64_t>(rows.size()); }
  Bell& bell() override { return bell_; }

  Result<std::vector<RunSummary>> runs_now(const std::string& repository, std::size_t limit,
                                           std::int64_t before) override {
    if (broken) return infrastructure_error("the journal can't be read", "restore it");
    std::vector<RunSummary> found;
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      const auto* asked = std::get_if<RunRequested>(&row->event);
      if (asked == nullptr || (!repository.empty() && asked->run.repository != repository)) continue;
      if ((before == 0 || row->sequence < before) && found.size() < limit) found.push_back(summary(*row, asked->run));
    }
    return found;
  }
  Result<std::optional<RunSummary>> run_now(const RunId& id) override {
    for (const auto& row : rows) {
      const auto* asked = std::get_if<RunRequested>(&row.event);
      if (asked != nullptr && asked->run == id) return std::optional(summary(row, id));
    }
    return std::optional<RunSummary>{};
  }
  Result<std::vector<RunSummary>> unfinished_runs_now() override {
    auto all = runs_now("", rows.size(), 0).value();
    std::erase_if(all, [](const auto& run) { return run.status == RunStatus::finished; });
    return all;
  }
  Result<std::int64_t> next_number(const std::string& repository) override {
    return static_cast<std::int64_t>(runs_now(repository, rows.size(), 0).value().size()) + 1;
  }
  Result<CommitId> last_run_commit_now(const std::string&, const std::string&) override { return CommitId{}; }
  Result<bool> watched_now(const std::string&) override { return true; }
  Result<std::map<std::string, CommitId>> branches_now(const std::string& repository) override {
    std::map<std::string, CommitId> found;
    for (const auto& row : rows) {
      const auto* moved = std::get_if<RefMoved>(&row.event);
      if (moved != nullptr && moved->repository == repository) found[moved->branch] = moved->to;
    }
    return found;
  }
  std::vector<EnvironmentSummary> alive;
  Result<std::vector<EnvironmentSummary>> environments_now() override { return alive; }
  Result<std::vector<PendingEvidence>> unpublished_evidence_now() override {
    std::vector<PendingEvidence> pending;
    for (const auto& row : rows) {
      if (const auto* e = std::get_if<EvidenceSealed>(&row.event))
        pending.push_back({row.sequence, e->run, e->stage, row.at});
      if (const auto* e = std::get_if<EvidencePublished>(&row.event))
        std::erase_if(pending, [&](const auto& one) { return one.run == e->run && one.stage == e->stage; });
    }
    return pending;
  }
  Result<std::vector<RunId>> promoted_runs_now(const std::string& repository, std::size_t limit) override {
    std::vector<RunId> runs;
    for (auto row = rows.rbegin(); row != rows.rend() && runs.size() < limit; ++row) {
      const auto* e = std::get_if<CommitPromoted>(&row->event);
      if (e != nullptr && e->run.repository == repository) runs.push_back(e->run);
    }
    return runs;
  }

 private:
  RunSummary summary(const Row& first, const RunId& id) {
    RunRecord record;
    for (const auto& row : rows) {
      if (run_of(row.event) == id) record.add(row);
    }
    const auto& s = record.state;
    return {id,        first.sequence, s.branch,    s.commit,  s.cause,   s.status,
            s.outcome, s.reason,       s.requested, s.started, s.finished};
  }
  Bell bell_;
};

inline const CommitId commit_a(40, 'a');
inline const CommitId commit_b(40, 'b');

// unit (test) -> load -> production (promote, with a gate)
inline Plan sample_plan(const RunId& run) {
  Plan plan;
  plan.name = "hello-flask";
  plan.run = run;
  plan.commit = commit_a;
  plan.branch = "main";
  plan.hash = "f00d";
  StageSpec unit;
  unit.name = "unit";
  unit.body = TestSpec{};
  StageSpec load;
  load.name = "load";
  load.needs = {"unit"};
  load.body = LoadSpec{};
  StageSpec production;
  production.name = "production";
  production.needs = {"load"};
  PromoteSpec promote;
  promote.branch = "production";
  promote.gate = GateSpec{};
  production.body = promote;
  plan.stages = {unit, load, production};
  return plan;
}

inline StageOutcome outcome_of(Outcome outcome, std::string reason) {
  StageOutcome ended;
  ended.outcome = outcome;
  ended.reason = std::move(reason);
  return ended;
}

}  // namespace quietgate
