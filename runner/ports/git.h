// Git, as the watcher, the driver and the promote stage ask for it. Every call is bounded in time and runs off the
// loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/base/task.h"
#include "runner/model/types.h"

namespace quietgate {

struct GitCredentials {
  std::string username;
  std::string password;     // or token
  std::string ssh_key;      // path of a private key; its public half beside it with `.pub`
  std::string known_hosts;  // path; empty: ~/.ssh/known_hosts
  std::string ca_file;      // PEM of a private certificate authority for https
};

// A watched repository: its name is its folder among the mirrors.
struct GitRemote {
  std::string repository;
  std::string url;  // file (or a path), http, https, git, ssh (or user@host:path)
  GitCredentials credentials;
  Milliseconds deadline{30'000};  // of one network call as a whole
};

struct GitBranch {
  std::string name;  // without refs/heads/
  CommitId commit;
  std::string problem;  // why nobody can follow it: `its name has 300 bytes, more than 255`; empty: it can be
};

struct GitCommit {
  CommitId id;
  std::string author;   // `Ana <ana@example.org>`
  std::string summary;  // first line of the message
  Time committed{};
};

struct PushOutcome {
  enum class Kind {
    moved,      // the branch is at the commit now
    unchanged,  // it was there already
    stale,      // the branch is not at `expected`: somebody else moved it
    refused,    // the server said no (protected branch, hook, not a fast-forward)
  };
  Kind kind = Kind::moved;
  CommitId remote;      // what the branch was found at
  std::string detail;   // the server's words
  bool locked = false;  // refused: by the server's lock, as far as its words tell; somebody else is moving the branch
};

struct NoteOutcome {
  enum class Kind {
    added,
    unchanged,  // the line was there already
    refused,    // the server said no
  };
  Kind kind = Kind::added;
  std::string detail;  // the server's words
};

class Git {
 public:
  virtual ~Git() = default;
  // The remote's branches now, those that can't be followed with their problem (and a printable name). Errors name the
  // URL without credentials and what to do: unreachable, timed out, asks for credentials, not a Git server.
  virtual Task<Result<std::vector<GitBranch>>> branches(GitRemote remote, Stop& stop) = 0;
  // Brings the commits of these branches into the bare mirror (made on first use), and prunes nothing that a run may
  // need.
  virtual Task<Result<void>> fetch(GitRemote remote, std::vector<std::string> branches, Stop& stop) = 0;
  virtual Task<Result<GitCommit>> commit(std::string repository, CommitId id, Stop& stop) = 0;
  // The file's bytes at the commit; nothing when there is no such file. Larger than max_bytes is an error of kind user.
  virtual Task<Result<std::optional<std::string>>> read_file(std::string repository, CommitId id, std::string path,
                                                             std::size_t max_bytes, Stop& stop) = 0;
  // Paths that differ between two commits' trees (both sides of a rename). Empty `from`: every path of `to`.
  virtual Task<Result<std::vector<std::string>>> changed_paths(std::string repository, CommitId from, CommitId to,
                                                               Stop& stop) = 0;
  virtual Task<Result<bool>> is_ancestor(std::string repository, CommitId ancestor, CommitId descendant,
                                         Stop& stop) = 0;
  // First-parent commits after `from` up to and with `to`, oldest first, at most `limit` (the newest are kept).
  virtual Task<Result<std::vector<CommitId>>> commits_between(std::string repository, CommitId from, CommitId to,
                                                              std::size_t limit, Stop& stop) = 0;
  // Writes exactly the commit's tree into `directory`, which must be absent or empty; links that lead out of it are
  // refused.
  virtual Task<Result<void>> checkout(std::string repository, CommitId id, std::string directory, Stop& stop) = 0;
  // Compare-and-swap: moves the remote's branch to `id` only if it is at `expected` now (empty: does not exist).
  // Fast-forward only. An error means that the outcome is not known: ask branches().
  virtual Task<Result<PushOutcome>> push(GitRemote remote, std::string branch, CommitId expected, CommitId id,
                                         Stop& stop) = 0;
  // Likewise, but to any commit that the mirror has: also back.
  virtual Task<Result<PushOutcome>> put_back(GitRemote remote, std::string branch, CommitId expected, CommitId id,
                                             Stop& stop) = 0;
  // Adds a line (of at most 1 MiB) to the commit's Git note in the remote's notes `ref` (`refs/notes/...`), by
  // compare-and-swap: what others write there meanwhile stays. Several tries; an error when others were faster each
  // time.
  virtual Task<Result<NoteOutcome>> push_note(GitRemote remote, std::string ref, CommitId commit, std::string line,
                                              Stop& stop) = 0;
};

}  // namespace quietgate
