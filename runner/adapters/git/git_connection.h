// One connection to a remote, from the credentials to the sentence that says why it failed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/adapters/git/git_authentication.h"
#include "runner/adapters/git/git_folder_view.h"
#include "runner/adapters/git/git_handles.h"
#include "runner/adapters/git/git_network.h"
#include "runner/adapters/git/git_stream.h"
#include "runner/adapters/git/git_trust.h"
#include "runner/adapters/git/git_url.h"
#include "runner/ports/git.h"

namespace quietgate {

struct Advertised {
  std::string branch;  // without refs/heads/
  git_oid id;
  std::string problem;  // why it can't be fetched; empty: it can be
};

// Lives and dies on one thread; bounded as a whole by the remote's deadline and by `stop`, which outlives it.
class GitConnection {
 public:
  struct Limits {
    Milliseconds idle{20'000};
    std::uint64_t max_bytes = 64ULL << 20;
  };

  GitConnection(const GitRemote& remote, GitUrl url, Limits limits, const StopFlag& stop, GitTrust& trust);
  ~GitConnection();
  GitConnection(const GitConnection&) = delete;
  GitConnection& operator=(const GitConnection&) = delete;

  // `mirror` outlives this; null when nothing will be transferred. Of a folder with refs that can't be taken, the
  // others are listed.
  Result<void> connect(git_repository* mirror, git_direction direction);
  // refs/heads/* as the server told them at connect. More than 50,000 refs are an error.
  Result<std::vector<Advertised>> heads() const;
  // Of any ref, as told at connect; empty: there is none.
  Result<CommitId> position(const std::string& ref) const;
  git_remote* remote() const { return remote_.get(); }
  const GitUrl& url() const { return url_; }
  // Callbacks that carry the credentials, the checks and the bound. Valid as long as this.
  git_remote_callbacks callbacks();
  // Why the last libgit2 call failed with `code`; `doing`: `fetch from`, `push to`.
  Error error(const std::string& doing, int code) const;
  NetworkBound& bound() { return bound_; }
  bool broken() const { return bound_.broken() != NetworkBound::Broken::none; }
  // What the server printed beside the protocol.
  std::string words() const { return printable(words_, 2000, true); }

  // Of a push: asked before anything is sent (a negative answer cancels), told what became of each ref.
  std::function<int(const git_oid& now_remote)> before_update;
  std::function<void(const char* status)> updated;

 private:
  bool look_past_bad_refs();  // of a folder: whether connecting once more, without them, may help
  int try_to_connect(git_repository* mirror, git_direction direction);  // the library's code
  static int acquire(git_credential** out, const char* url, const char* user, unsigned allowed, void* self);
  static int check(git_cert* certificate, int valid, const char* host, void* self);
  static int progress(const git_indexer_progress* stats, void* self);
  static int listen(const char* text, int size, void* self);
  static int negotiate(const git_push_update** updates, std::size_t count, void* self);
  static int note_update(const char* ref, const char* status, void* self);

  GitRemote settings_;
  GitUrl url_;
  const StopFlag& stop_;
  GitTrust& trust_;
  std::uint64_t max_bytes_;
  GitAuthentication authentication_;
  NetworkBound bound_;
  NetworkScope scope_;
  std::optional<GitTrust::Turn> turn_;
  std::optional<SocketWatchdog> watchdog_;
  std::unique_ptr<GitFolderView> view_;  // outlives the remote
  RemoteHandle remote_;
  std::string words_;
};

}  // namespace quietgate
