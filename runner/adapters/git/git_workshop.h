// The blocking side of the Git adapter: what the pool's threads do. Same contracts as the port; `stop` ends them early
// with any error.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runner/adapters/git/git_mirror.h"
#include "runner/adapters/git/git_trust.h"
#include "runner/ports/git.h"

namespace quietgate {

using StopFlag = std::atomic<bool>;

struct GitWorkshop {
  explicit GitWorkshop(std::string directory) : mirrors(std::move(directory)) {}
  GitWorkshop(const GitWorkshop&) = delete;
  GitWorkshop& operator=(const GitWorkshop&) = delete;

  Result<std::vector<GitBranch>> branches(const GitRemote& remote, const StopFlag& stop);
  Result<void> fetch(const GitRemote& remote, const std::vector<std::string>& branches, const StopFlag& stop);
  Result<PushOutcome> push(const GitRemote& remote, const std::string& branch, const CommitId& expected,
                           const CommitId& id, bool back, const StopFlag& stop);
  Result<NoteOutcome> push_note(const GitRemote& remote, const std::string& ref, const CommitId& commit,
                                const std::string& line, const StopFlag& stop);

  Result<GitCommit> commit(const std::string& repository, const CommitId& id) const;
  Result<std::optional<std::string>> read_file(const std::string& repository, const CommitId& id,
                                               const std::string& path, std::size_t max_bytes) const;
  Result<std::vector<std::string>> changed_paths(const std::string& repository, const CommitId& from,
                                                 const CommitId& to, const StopFlag& stop) const;
  Result<bool> is_ancestor(const std::string& repository, const CommitId& ancestor, const CommitId& descendant) const;
  Result<std::vector<CommitId>> commits_between(const std::string& repository, const CommitId& from, const CommitId& to,
                                                std::size_t limit, const StopFlag& stop) const;
  Result<void> checkout(const std::string& repository, const CommitId& id, const std::string& directory,
                        const StopFlag& stop) const;

  // Looks whether the mirror has too many packs (git_consolidation.h). What took too long or failed is tried again an
  // hour later.
  void consolidate_mirror(const std::string& repository, const StopFlag& stop);

  // What the remote's ref is at; empty: there is none.
  Result<CommitId> position(const GitRemote& remote, const std::string& ref, const StopFlag& stop);
  Result<CommitId> fetch_notes(const GitRemote& remote, const std::string& ref, const StopFlag& stop);
  // The mirror knows these notes from now on, whatever becomes of their push.
  Result<void> keep_notes(const GitRemote& remote, git_repository* mirror, const CommitId& notes, const StopFlag& stop);
  struct RefMove {
    std::string ref;
    std::string what;  // its name in sentences
    CommitId expected;
    CommitId id;
    bool back = false;  // also to a commit that does not descend from `expected`
  };
  Result<PushOutcome> push_ref(const GitRemote& remote, const RefMove& move, const StopFlag& stop);

  GitMirrors mirrors;
  GitTrust trust;  // libgit2 has one set for the process: one workshop that speaks https per process
  std::atomic<unsigned> pushes{0};
  std::timed_mutex large_fetches;

 private:
  mutable std::mutex large_files_;  // held while one is read
  std::mutex consolidating_;
  std::map<std::string, std::chrono::steady_clock::time_point> not_before_;
};

}  // namespace quietgate
