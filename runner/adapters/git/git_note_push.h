// Adds a line to a commit's note in a remote.
#pragma once

#include <string>

#include "runner/adapters/git/git_fetch.h"
#include "runner/adapters/git/git_push.h"

namespace quietgate {

class GitNotePush {
 public:
  // All outlive this.
  GitNotePush(GitMirrors& mirrors, GitFetch& fetch, GitPush& push) : mirrors_(mirrors), fetch_(fetch), push_(push) {}

  // As the port's push_note(). From any thread; `stop` ends it early with any error.
  Result<NoteOutcome> add(const GitRemote& remote, const std::string& ref, const CommitId& commit,
                          const std::string& line, const StopFlag& stop);

 private:
  // The mirror knows these notes from now on, whatever becomes of their push.
  Result<void> keep(const GitRemote& remote, git_repository* mirror, const CommitId& notes, const StopFlag& stop);

  GitMirrors& mirrors_;
  GitFetch& fetch_;
  GitPush& push_;
};

}  // namespace quietgate
