// Lists what remotes have, and brings it into the mirrors.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "runner/adapters/git/git_mirror.h"
#include "runner/adapters/git/git_trust.h"
#include "runner/ports/git.h"

namespace quietgate {

// From any thread; `stop` ends each call early with any error.
class GitFetch {
 public:
  // Both outlive this.
  GitFetch(GitMirrors& mirrors, GitTrust& trust) : mirrors_(mirrors), trust_(trust) {}

  // As the port's branches() and fetch().
  Result<std::vector<GitBranch>> branches(const GitRemote& remote, const StopFlag& stop);
  Result<void> bring(const GitRemote& remote, const std::vector<std::string>& branches, const StopFlag& stop);
  // The commit that the remote's notes `ref` is at, which the mirror has now as `fetched_notes`; empty: there is none.
  Result<CommitId> bring_notes(const GitRemote& remote, const std::string& ref, const StopFlag& stop);
  // Looks whether the mirror has too many packs (git_consolidation.h). What took too long or failed is tried again an
  // hour later.
  void consolidate_mirror(const std::string& repository, const StopFlag& stop);

 private:
  GitMirrors& mirrors_;
  GitTrust& trust_;
  std::timed_mutex large_fetches_;
  std::mutex consolidating_;
  std::map<std::string, std::chrono::steady_clock::time_point> not_before_;
};

}  // namespace quietgate
