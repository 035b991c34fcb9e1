// Fetches from a remote that is a folder. libgit2's own way sends what all refs of the folder lead to, and holds its
// largest objects in memory, several at once.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "runner/adapters/git/git_connection.h"

namespace quietgate {

// Of one object, whether it is a file or not: whoever reads one has it whole in memory.
constexpr std::size_t largest_object = 128UL << 20;  // bytes

class GitFolderFetch {
 public:
  struct Ref {
    std::string from;  // the folder's; one that is not there is passed over
    std::string to;    // the mirror's
  };
  // `connection` need not be connected; it has the bound and the words. `large` is held while large objects are
  // brought, so that only one fetch does at a time. All outlive this.
  GitFolderFetch(GitConnection& connection, git_repository* mirror, std::timed_mutex& large)
      : connection_(connection), mirror_(mirror), large_(large) {}

  // All of these, or none; answers what each is at (empty: it is not there). What the mirror has is not looked at
  // again. A new object of more than largest_object is an error of kind step that names its path and size, before
  // anything is read of it.
  Result<std::vector<CommitId>> bring(const std::vector<Ref>& refs);

 private:
  using PackbuilderHandle = std::unique_ptr<git_packbuilder, FreedBy<git_packbuilder_free>>;
  struct Found {
    git_oid id;
    std::string path;  // of a file or folder; empty: a commit, its root or a tag
  };

  Result<void> open();
  Result<void> collect(std::vector<Found> begin);
  Result<bool> admit(const Found& found, git_object_t& type);
  Result<void> expand(const Found& found, git_object_t type);
  bool expand_commit(const git_oid& id);
  bool expand_tree(const Found& found);
  bool expand_tag(const git_oid& id);
  Result<void> send();
  Error failed(int code);

  GitConnection& connection_;
  git_repository* mirror_;
  std::timed_mutex& large_;
  RepositoryHandle folder_;
  OdbHandle theirs_;
  OdbHandle ours_;
  PackbuilderHandle pack_;
  std::vector<Found> pending_;
  std::size_t largest_ = 0;
};

}  // namespace quietgate
