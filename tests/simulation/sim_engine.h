// The engine's other surroundings, each a wrapper around the real part: the journal with a disk that fills up, a
// workspace on a temporary file system, a destroyer that fails, and stages that are watched at work.
#pragma once

#include "runner/adapters/workspace/workspace_files.h"
#include "runner/ports/stage.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/sim_clock.h"
#include "tests/simulation/sim_journal.h"

namespace quietgate {

class WorldJournal final : public SimJournal {
 public:
  WorldJournal(World& world, SimDisk& disk, const Clock& clock, Executor executor);
  Result<std::int64_t> append_now(std::vector<Event> events) override;
  Result<std::vector<Row>> read_now(std::int64_t after, std::size_t limit, std::optional<RunId> run) override;
  Result<std::vector<RunSummary>> unfinished_runs_now() override;

 private:
  std::vector<Event> spoiled(std::vector<Event> events);
  World& world_;
  int asked_ = 0;
};

class WorldWorkspace final : public Workspace {
 public:
  WorldWorkspace(World& world, const std::string& data);
  Result<std::optional<MovedAside>> clear_attempt(const AttemptId& attempt) override {
    return files_.clear_attempt(attempt);
  }
  Result<std::string> attempt(const RunId& run, const std::string& stage, int attempt) override;
  std::string checkout(const RunId& run) const override { return files_.checkout(run); }
  std::string environments() const override { return files_.environments(); }
  bool has_checkout(const RunId& run) const override { return files_.has_checkout(run); }
  Result<std::string> begin_checkout(const RunId& run) override;
  Result<void> finish_checkout(const RunId& run) override;
  Result<void> remove_checkout(const RunId& run) override;
  std::unique_ptr<StageLog> open_log(const std::string& attempt_directory, std::vector<std::string> secrets) override;

 private:
  std::optional<Error> trouble(const char* what);
  World& world_;
  WorkspaceFiles files_;
};

class WorldDestroyer final : public EnvironmentDestroyer {
 public:
  WorldDestroyer(World& world, SimClock& clock, EnvironmentDestroyer& real)
      : world_(world), clock_(clock), real_(real) {}
  Task<Result<void>> destroy(EnvironmentSummary environment, Stop& stop) override;

 private:
  World& world_;
  SimClock& clock_;
  EnvironmentDestroyer& real_;
};

class ObservedStage final : public StageKind {
 public:
  ObservedStage(World& world, Invariants& invariants, std::map<std::string, SimRemote>& remotes, StageKind& real)
      : world_(world), invariants_(invariants), remotes_(remotes), real_(real) {}
  Task<StageOutcome> run(StageRequest request) override;

 private:
  World& world_;
  Invariants& invariants_;
  std::map<std::string, SimRemote>& remotes_;
  StageKind& real_;
};

}  // namespace quietgate
