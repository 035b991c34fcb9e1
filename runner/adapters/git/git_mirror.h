// Bare mirrors of the watched repositories: <directory>/<repository>.git, made on first use. A mirror is a cache of its
// remote, and nothing in it is ever pruned. Its refs are ours: refs/quietgate/heads/<branch, with / as %2F> (so that a
// branch `a` that became `a/b` upstream does not stand in its own way), or %x and a digest for names that are too long
// for a file, and, during a push, refs/quietgate/push/*.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "runner/adapters/git/git_handles.h"
#include "runner/adapters/git/git_network.h"

namespace quietgate {

class GitMirrors {
 public:
  explicit GitMirrors(std::string directory) : directory_(std::move(directory)) {}
  const std::string& directory() const { return directory_; }

  // An error when there is none yet, or the name can't be a folder's.
  Result<RepositoryHandle> open(const std::string& repository) const;
  // Safe against a crash in the middle and another process that does the same: a mirror appears whole, by rename; what
  // is no repository at all is replaced.
  Result<RepositoryHandle> open_or_make(const std::string& repository);
  // Instead of one that is damaged. Whoever reads that one at the moment fails. With its write lock held.
  Result<RepositoryHandle> make_again(const std::string& repository);
  // Held while a mirror's refs are written. Unlocked when the bound broke first. The first time, lock files of Git that
  // a killed process left are removed: whoever has the data directory is alone with its mirrors.
  std::unique_lock<std::timed_mutex> write(const std::string& repository, NetworkBound& bound);

  static std::string ref_of(const std::string& branch);

 private:
  Result<std::string> path_of(const std::string& repository) const;

  std::string directory_;
  std::mutex mutex_;
  std::map<std::string, std::timed_mutex> writers_;
  std::set<std::string> cleared_;  // of abandoned locks
};

// The commit, or an error that says that the mirror does not have it.
Result<CommitHandle> find_commit(git_repository* mirror, const std::string& repository, const std::string& id);

}  // namespace quietgate
