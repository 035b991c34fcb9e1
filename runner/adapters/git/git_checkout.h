// Writes the files of a commit into a folder, as Git::checkout() says.
#pragma once

#include <mutex>
#include <string>

#include "runner/adapters/git/git_mirror.h"

namespace quietgate {

class GitCheckout {
 public:
  // `mirrors` outlives this.
  explicit GitCheckout(const GitMirrors& mirrors) : mirrors_(mirrors) {}

  // Leaves the folder empty when it fails. From any thread: large files are read one at a time.
  Result<void> write(const std::string& repository, const CommitId& id, const std::string& directory,
                     const StopFlag& stop);

 private:
  const GitMirrors& mirrors_;
  std::mutex large_files_;  // held while one is read
};

}  // namespace quietgate
