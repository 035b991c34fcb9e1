// Watches one repository: polls its branches, records their moves, and requests the runs that the pipeline's trigger
// rules want. A move and its run are appended together, so that no commit is missed over a restart. A branch that can't
// be fetched or read does not hold up others. A remote that lists no branches after it had some is not believed.
#pragma once

#include <optional>
#include <vector>

#include "runner/engine/repository.h"
#include "runner/engine/stuck_branches.h"
#include "runner/ports/clock.h"
#include "runner/ports/earlier_numbers.h"
#include "runner/ports/git.h"
#include "runner/ports/journal.h"
#include "runner/ports/pipeline_compiler.h"

namespace quietgate {

// The moves between the known branches and those of a poll. Pure.
std::vector<RefMoved> compare(const std::string& repository, const std::map<std::string, CommitId>& known,
                              bool watched_before, const std::vector<GitBranch>& found);

// How long to wait before poll number `poll` when the last `failures` polls failed: the interval with up to 10 % of
// jitter (drawn from the name, so that many repositories spread), doubled per failure up to five minutes.
Milliseconds poll_delay(const std::string& repository, Milliseconds interval, int failures, std::uint64_t poll);

class Watcher {
 public:
  // Called once per change: the remote became unreachable (with the error), or reachable again (nothing).
  using Trouble = std::function<void(const std::string& repository, const std::optional<Error>&)>;

  // Called with a message about branches that can't be followed, permanently or at the moment.
  using BranchTrouble = std::function<void(const std::string& repository, const Error&)>;

  // The references must outlive the watcher.
  Watcher(Repository repository, Journal& journal, Catalog& catalog, Git& git, Clock& clock, PipelineCompiler& compiler,
          Trouble trouble, BranchTrouble branch_trouble, EarlierNumbers* numbers = nullptr);

  // Polls until stopped; throws Stopped.
  Task<void> watch(Stop& stop);
  // Polls once. Fails if the remote can't be listed, if its earlier run numbers are unknown, or if the journal can't be
  // written.
  Task<Result<void>> poll(Stop& stop);

 private:
  Task<Result<std::vector<GitBranch>>> list(Stop& stop);
  void leave_out(std::vector<GitBranch>& found);
  Task<Result<void>> fetch_together(std::vector<RefMoved> moves, Stop& stop);
  Task<Result<void>> fetch_one_by_one(std::vector<RefMoved> moves, Stop& stop);
  Task<Result<void>> stuck(RefMoved moved, Error error);
  struct Seen;  // what the mirror says of a move
  // The result of a move.
  struct Wanted {
    std::vector<CommitId> commits;  // each gets a run
    std::vector<RunId> superseded;
    std::optional<std::int64_t> seen;  // the journal's last row when these were looked up; nothing: none are wanted
    std::optional<RunSkipped> skipped;
  };
  Task<Result<Seen>> look(RefMoved moved, CommitId base, Stop& stop);
  Task<Result<void>> follow(RefMoved moved, Stop& stop);
  Task<Result<Wanted>> wanted_runs(RefMoved moved, CommitId base, Seen seen);
  Task<Result<std::vector<RunId>>> superseded_by(RefMoved moved);
  Task<Result<std::int64_t>> record(RefMoved moved, Wanted wanted);
  Task<Result<void>> supersede_missed(RefMoved moved, RunId first, std::vector<RunId> known);

  Repository repository_;
  Journal& journal_;
  Catalog& catalog_;
  Git& git_;
  Clock& clock_;
  PipelineCompiler& compiler_;
  Trouble trouble_;
  BranchTrouble branch_trouble_;
  EarlierNumbers* numbers_;  // null: the journal has all of them
  StuckBranches stuck_;
  std::string left_out_;  // as last logged
};

}  // namespace quietgate
