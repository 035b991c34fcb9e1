// The Git port by libgit2. Calls run on pools; those that go to the network keep the remote's deadline, give up
// after 20 s of silence (a push: at the deadline only, hooks may be silent), and receive at most 64 MiB of refs or 4
// GiB of objects.
//
// Paths and file://, http, https, git:// and ssh. https checks certificates against the system's authorities, or
// ca_file instead. ssh takes ed25519 keys (RSA keys don't work with libssh2 1.10 and current servers), checks the host
// against known_hosts, and takes `password` as the key's passphrase. Redirects to another host or port are refused.
// Pushing to a path moves the ref by compare-and-swap too, but runs no hooks: protection needs a server. Configuration
// files of Git (system's, user's) are not read, and no proxy is used.
//
// checkout() writes file bytes as committed: no end-of-line conversion, LFS pointers stay pointers, submodules become
// empty directories.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runner/base/blocking_pool.h"
#include "runner/ports/git.h"
#include "runner/ports/remote_notes.h"

namespace quietgate {

struct BlockingGit;

// Starts libgit2 when it is first used, in the thread that uses it: reading the system's authorities takes milliseconds
// that nobody's start should wait for.
class BlockingGitAtNeed {
 public:
  explicit BlockingGitAtNeed(std::string mirrors_directory);
  BlockingGit* operator->() const;

 private:
  std::shared_ptr<BlockingGit> git_;
};

class GitLibgit2 : public Git, public RemoteNotes {
 public:
  // The pools outlive this; calls may still run on them when this is gone. Remotes that hang keep the threads of
  // `network` busy: what needs none must not wait for them.
  GitLibgit2(BlockingPool& network, BlockingPool& local, std::string mirrors_directory);
  GitLibgit2(BlockingPool& pool, std::string mirrors_directory);  // one for both
  ~GitLibgit2() override;
  GitLibgit2(const GitLibgit2&) = delete;
  GitLibgit2& operator=(const GitLibgit2&) = delete;

  Task<Result<std::vector<GitBranch>>> branches(GitRemote remote, Stop& stop) override;
  Task<Result<void>> fetch(GitRemote remote, std::vector<std::string> branches, Stop& stop) override;
  Task<Result<void>> fetch_notes(GitRemote remote, std::string ref, Stop& stop) override;
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
  BlockingPool& network_;
  BlockingPool& local_;
  BlockingGitAtNeed git_;  // shared with calls that run
};

}  // namespace quietgate
