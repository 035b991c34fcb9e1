// A catalog that answers at once, on the thread that asks: nothing else runs between a question and its answer.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runner/ports/journal.h"

namespace quietgate {

class InlineCatalog : public Catalog {
 public:
  // As the questions of the Catalog.
  virtual Result<std::vector<RunSummary>> runs_now(const std::string& repository, std::size_t limit,
                                                   std::int64_t before = 0) = 0;
  virtual Result<std::optional<RunSummary>> run_now(const RunId& id) = 0;
  virtual Result<std::vector<RunSummary>> unfinished_runs_now() = 0;
  virtual Result<CommitId> last_run_commit_now(const std::string& repository, const std::string& branch) = 0;
  virtual Result<bool> watched_now(const std::string& repository) = 0;
  virtual Result<std::map<std::string, CommitId>> branches_now(const std::string& repository) = 0;
  virtual Result<std::vector<EnvironmentSummary>> environments_now() = 0;
  virtual Result<std::vector<PendingEvidence>> unpublished_evidence_now() = 0;
  virtual Result<std::vector<RunId>> promoted_runs_now(const std::string& repository, std::size_t limit) = 0;

  Task<Result<std::vector<RunSummary>>> runs(std::string repository, std::size_t limit, std::int64_t before) override {
    co_return runs_now(repository, limit, before);
  }
  Task<Result<std::optional<RunSummary>>> run(RunId id) override { co_return run_now(id); }
  Task<Result<std::vector<RunSummary>>> unfinished_runs() override { co_return unfinished_runs_now(); }
  Task<Result<CommitId>> last_run_commit(std::string repository, std::string branch) override {
    co_return last_run_commit_now(repository, branch);
  }
  Task<Result<bool>> watched(std::string repository) override { co_return watched_now(repository); }
  Task<Result<std::map<std::string, CommitId>>> branches(std::string repository) override {
    co_return branches_now(repository);
  }
  Task<Result<std::vector<EnvironmentSummary>>> environments() override { co_return environments_now(); }
  Task<Result<std::vector<PendingEvidence>>> unpublished_evidence() override { co_return unpublished_evidence_now(); }
  Task<Result<std::vector<RunId>>> promoted_runs(std::string repository, std::size_t limit) override {
    co_return promoted_runs_now(repository, limit);
  }
};

}  // namespace quietgate
