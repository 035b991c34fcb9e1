// Moves a ref of a remote, if it is where it is expected to be.
#pragma once

#include <atomic>
#include <string>

#include "runner/adapters/git/git_mirror.h"
#include "runner/adapters/git/git_trust.h"
#include "runner/ports/git.h"

namespace quietgate {

struct GitRefMove {
  std::string ref;
  std::string what;   // its name in sentences
  CommitId expected;  // empty: it does not exist
  CommitId id;        // the mirror has it
  bool back = false;  // also to a commit that does not descend from `expected`
};

// From any thread; `stop` ends each call early with any error.
class GitPush {
 public:
  // Both outlive this.
  GitPush(const GitMirrors& mirrors, GitTrust& trust) : mirrors_(mirrors), trust_(trust) {}

  // As the port's push() and put_back(), of any ref.
  Result<PushOutcome> move(const GitRemote& remote, const GitRefMove& move, const StopFlag& stop);

 private:
  // What the remote's ref is at; empty: there is none.
  Result<CommitId> position(const GitRemote& remote, const std::string& ref, const StopFlag& stop);

  const GitMirrors& mirrors_;
  GitTrust& trust_;
  std::atomic<unsigned> pushes_{0};
};

}  // namespace quietgate
