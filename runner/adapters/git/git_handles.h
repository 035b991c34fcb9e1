// Owners of libgit2's objects, and its texts made fit to print.
#pragma once

#include <git2.h>

#include <memory>
#include <string>
#include <string_view>

#include "runner/base/result.h"

namespace quietgate {

template <auto free>
struct FreedBy {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};

using RepositoryHandle = std::unique_ptr<git_repository, FreedBy<git_repository_free>>;
using RemoteHandle = std::unique_ptr<git_remote, FreedBy<git_remote_free>>;
using CommitHandle = std::unique_ptr<git_commit, FreedBy<git_commit_free>>;
using TreeHandle = std::unique_ptr<git_tree, FreedBy<git_tree_free>>;
using TreeEntryHandle = std::unique_ptr<git_tree_entry, FreedBy<git_tree_entry_free>>;
using BlobHandle = std::unique_ptr<git_blob, FreedBy<git_blob_free>>;
using OdbHandle = std::unique_ptr<git_odb, FreedBy<git_odb_free>>;
using DiffHandle = std::unique_ptr<git_diff, FreedBy<git_diff_free>>;
using RevwalkHandle = std::unique_ptr<git_revwalk, FreedBy<git_revwalk_free>>;
using ReferencesHandle = std::unique_ptr<git_reference_iterator, FreedBy<git_reference_iterator_free>>;
using ObjectHandle = std::unique_ptr<git_object, FreedBy<git_object_free>>;
using ReferenceHandle = std::unique_ptr<git_reference, FreedBy<git_reference_free>>;

// Receives what a libgit2 function gives back through a pointer: `git_commit_lookup(receive(commit), ...)`.
// The handle has it from the end of that full expression on, not earlier.
template <class Handle>
class receive {
 public:
  explicit receive(Handle& handle) : handle_(handle) {}
  ~receive() { handle_.reset(object_); }
  receive(const receive&) = delete;
  receive& operator=(const receive&) = delete;
  operator typename Handle::pointer *() { return &object_; }  // NOLINT(google-explicit-constructor)

 private:
  Handle& handle_;
  typename Handle::pointer object_ = nullptr;
};

std::string to_hex(const git_oid& id);
// False when the text is not 40 hexadecimal digits.
bool parse_id(const std::string& text, git_oid& id);

// Bytes from outside as text that JSON and a terminal can take: broken UTF-8 and control characters (but newlines, if
// `lines`) become U+FFFD or spaces; at most `limit` bytes and a mark of the cut.
std::string printable(std::string_view bytes, std::size_t limit, bool lines = false);

// What libgit2 said last on this thread, printable; empty when it said nothing.
std::string last_git_error();

}  // namespace quietgate
