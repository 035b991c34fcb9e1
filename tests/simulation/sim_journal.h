// A journal with the contract of JournalSqlite on a simulated disk. The projections live in memory and are rebuilt from
// the rows when it is opened.
#pragma once

#include <set>

#include "runner/ports/clock.h"
#include "runner/ports/inline_catalog.h"
#include "runner/ports/inline_journal.h"
#include "tests/simulation/sim_disk.h"

namespace quietgate {

class SimJournal : public InlineJournal, public InlineCatalog {
 public:
  // Both must outlive it.
  SimJournal(SimDisk& disk, const Clock& clock, Executor executor);

  Result<std::int64_t> append_now(std::vector<Event> events) override;
  Result<std::vector<Row>> read_now(std::int64_t after, std::size_t limit, std::optional<RunId> run) override;
  std::int64_t last() const override { return static_cast<std::int64_t>(disk_.rows.size()); }
  Bell& bell() override { return bell_; }

  Result<std::vector<RunSummary>> runs_now(const std::string& repository, std::size_t limit,
                                           std::int64_t before) override;
  Result<std::optional<RunSummary>> run_now(const RunId& id) override;
  Result<std::vector<RunSummary>> unfinished_runs_now() override;
  Result<std::int64_t> next_number(const std::string& repository) override;
  Result<CommitId> last_run_commit_now(const std::string& repository, const std::string& branch) override;
  Result<bool> watched_now(const std::string& repository) override;
  Result<std::map<std::string, CommitId>> branches_now(const std::string& repository) override;
  Result<std::vector<EnvironmentSummary>> environments_now() override;
  Result<std::vector<PendingEvidence>> unpublished_evidence_now() override;
  Result<std::vector<RunId>> promoted_runs_now(const std::string& repository, std::size_t limit) override;

 protected:
  SimDisk& disk_;

 private:
  void project(const Row& row);
  void project_run(const Row& row);
  void project_environment(const Row& row);

  const Clock& clock_;
  Bell bell_;
  std::map<RunId, std::vector<std::int64_t>> rows_of_;
  std::map<RunId, RunSummary> runs_;
  std::set<std::string> watched_;
  std::set<RunId> promoted_;
  std::map<std::string, std::map<std::string, CommitId>> branches_;
  std::map<std::string, EnvironmentSummary> environments_;
  std::map<std::int64_t, PendingEvidence> unpublished_;
};

}  // namespace quietgate
