// What the mirrors tell of commits: the questions of the Git port that need no network.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/adapters/git/git_mirror.h"
#include "runner/ports/git.h"

namespace quietgate {

// As the port's functions of the same names. From any thread; `stop` ends them early with any error.
class GitMirrorReader {
 public:
  // `mirrors` outlives this.
  explicit GitMirrorReader(const GitMirrors& mirrors) : mirrors_(mirrors) {}

  Result<GitCommit> commit(const std::string& repository, const CommitId& id) const;
  Result<std::optional<std::string>> read_file(const std::string& repository, const CommitId& id,
                                               const std::string& path, std::size_t max_bytes) const;
  Result<std::vector<std::string>> changed_paths(const std::string& repository, const CommitId& from,
                                                 const CommitId& to, const StopFlag& stop) const;
  Result<bool> is_ancestor(const std::string& repository, const CommitId& ancestor, const CommitId& descendant) const;
  Result<std::vector<CommitId>> commits_between(const std::string& repository, const CommitId& from, const CommitId& to,
                                                std::size_t limit, const StopFlag& stop) const;

 private:
  const GitMirrors& mirrors_;
};

}  // namespace quietgate
