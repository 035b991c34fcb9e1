// Git over a simulated network: requests and answers take time, get lost, or arrive late.
#pragma once

#include <functional>

#include "runner/ports/git.h"
#include "tests/simulation/sim_clock.h"
#include "tests/simulation/sim_remote.h"

namespace quietgate {

class SimGit final : public Git {
 public:
  // Told of every push that the service sends, before it arrives; throws Breach when it must not be.
  using PushSeen = std::function<void(const std::string& repository, const std::string& branch,
                                      const CommitId& expected, const CommitId& id)>;
  // Told of every move of a branch by a push.
  using Moved = PushSeen;
  SimGit(World& world, SimClock& clock, std::map<std::string, SimRemote>& remotes, PushSeen push_seen, Moved moved);

  Task<Result<std::vector<GitBranch>>> branches(GitRemote remote, Stop& stop) override;
  Task<Result<void>> fetch(GitRemote remote, std::vector<std::string> branches, Stop& stop) override;
  Task<Result<GitCommit>> commit(std::string repository, CommitId id, Stop& stop) override;
  Task<Result<std::optional<std::string>>> read_file(std::string repository, CommitId id, std::string path,
                                                     std::size_t max_bytes, Stop& stop) override;
  Task<Result<std::vector<std::string>>> changed_paths(std::string repository, CommitId from, CommitId to,
                                                       Stop& stop) override;
  Task<Result<bool>> is_ancestor(std::string repository, CommitId ancestor, CommitId descendant, Stop& stop) override;
  Task<Result<std::vector<CommitId>>> commits_between(std::string repository, CommitId from, CommitId to,
                                                      std::size_t limit, Stop& stop) override;
  Task<Result<void>> checkout(std::string repository, CommitId id, std::string directory, Stop& stop) override;
  Task<Result<PushOutcome>> push(GitRemote remote, std::string branch, CommitId expected, CommitId id,
                                 Stop& stop) override;
  Task<Result<PushOutcome>> put_back(GitRemote remote, std::string branch, CommitId expected, CommitId id,
                                     Stop& stop) override;
  Task<Result<NoteOutcome>> push_note(GitRemote remote, std::string ref, CommitId commit, std::string line,
                                      Stop& stop) override;

 private:
  Task<Result<PushOutcome>> move(GitRemote remote, std::string branch, CommitId expected, CommitId id, bool back,
                                 Stop& stop);
  Task<Result<void>> travel(Milliseconds deadline, double lost, Stop& stop);
  Task<Result<void>> look(std::string repository, CommitId id, Stop& stop);
  PushOutcome receive(const std::string& repository, const std::string& branch, const CommitId& expected,
                      const CommitId& id, bool back);

  World& world_;
  SimClock& clock_;
  std::map<std::string, SimRemote>& remotes_;
  PushSeen push_seen_;
  Moved moved_;
};

}  // namespace quietgate
