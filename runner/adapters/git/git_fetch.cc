#include "runner/adapters/git/git_fetch.h"

#include "runner/adapters/git/git_connection.h"
#include "runner/adapters/git/git_consolidation.h"
#include "runner/adapters/git/git_folder_fetch.h"
#include "runner/adapters/git/git_network_fetch.h"
#include "runner/adapters/git/git_notes.h"

namespace quietgate {

namespace {

constexpr std::uint64_t max_fetch_bytes = 4ULL << 30;
constexpr std::uint64_t max_notes_bytes = 1ULL << 30;

// Whether a head that the mirror says it has can't be read: then no fetch can build on it either.
bool is_damaged(git_repository* mirror) {
  ReferencesHandle heads;
  if (git_reference_iterator_glob_new(receive(heads), mirror, "refs/quietgate/heads/*") != 0) return true;
  for (;;) {
    ReferenceHandle head;
    const int code = git_reference_next(receive(head), heads.get());
    if (code == GIT_ITEROVER) return false;
    ObjectHandle tree;
    // What is no commit and never was one (a blob, in a folder) is not damage.
    const int peeled = code != 0 ? code : git_reference_peel(receive(tree), head.get(), GIT_OBJECT_TREE);
    if (peeled != 0 && peeled != GIT_EPEEL && peeled != GIT_EINVALIDSPEC) return true;
  }
}

Result<void> fetch_over_network(GitConnection& connection, git_repository* mirror,
                                const std::vector<GitFolderFetch::Ref>& refs) {
  if (auto connected = connection.connect(mirror, GIT_DIRECTION_FETCH); !connected) return connected.error();
  if (auto heads = connection.heads(); !heads) return heads.error();
  std::vector<std::string> specs;
  for (const auto& ref : refs) specs.push_back("+" + ref.from + ":" + ref.to);
  return fetch_refspecs(connection, std::move(specs));
}

}  // namespace

Result<std::vector<GitBranch>> GitFetch::branches(const GitRemote& remote, const StopFlag& stop) {
  auto url = parse_git_url(remote.url);
  if (!url) return url.error();
  GitConnection connection(remote, *url, {}, stop, trust_);
  if (auto connected = connection.connect(nullptr, GIT_DIRECTION_FETCH); !connected) return connected.error();
  auto heads = connection.heads();
  if (!heads) return heads.error();
  std::vector<GitBranch> found;
  found.reserve(heads->size());
  for (auto& head : *heads) found.push_back({std::move(head.branch), to_hex(head.id), std::move(head.problem)});
  return found;
}

Result<void> GitFetch::bring(const GitRemote& remote, const std::vector<std::string>& branches, const StopFlag& stop) {
  auto url = parse_git_url(remote.url);
  if (!url) return url.error();
  std::vector<GitFolderFetch::Ref> refs;
  for (const auto& branch : branches) {
    const auto ref = "refs/heads/" + branch;
    int valid = 0;
    if (git_reference_name_is_valid(&valid, ref.c_str()) != 0 || !valid) {
      return user_error("`" + printable(branch, 200) + "` is not a valid branch name");
    }
    refs.push_back({ref, GitMirrors::ref_of(branch)});
  }
  if (refs.empty()) return {};
  RepositoryHandle mirror;  // outlives the connection
  GitConnection::Limits limits;
  limits.max_bytes = max_fetch_bytes;
  GitConnection connection(remote, *url, limits, stop, trust_);
  const auto writing = mirrors_.write(remote.repository, connection.bound());
  if (!writing) return connection.error("fetch from", -1);
  auto opened = mirrors_.open_or_make(remote.repository);
  if (opened && is_damaged(opened->get())) opened = mirrors_.make_again(remote.repository);
  if (!opened) return opened.error();
  mirror = std::move(*opened);
  if (url->kind == GitUrl::Kind::local) {
    auto brought = GitFolderFetch(connection, mirror.get(), large_fetches_).bring(refs);
    return brought ? Result<void>{} : Result<void>(brought.error());
  }
  return fetch_over_network(connection, mirror.get(), refs);
}

Result<CommitId> GitFetch::bring_notes(const GitRemote& remote, const std::string& ref, const StopFlag& stop) {
  auto url = parse_git_url(remote.url);
  if (!url) return url.error();
  RepositoryHandle mirror;  // outlives the connection
  GitConnection::Limits limits;
  limits.max_bytes = max_notes_bytes;
  GitConnection connection(remote, *url, limits, stop, trust_);
  const auto writing = mirrors_.write(remote.repository, connection.bound());
  if (!writing) return connection.error("fetch from", -1);
  auto opened = mirrors_.open_or_make(remote.repository);
  if (!opened) return opened.error();
  mirror = std::move(*opened);
  if (url->kind == GitUrl::Kind::local) {
    auto brought = GitFolderFetch(connection, mirror.get(), large_fetches_).bring({{ref, fetched_notes}});
    return brought ? Result<CommitId>(brought->front()) : Result<CommitId>(brought.error());
  }
  if (auto connected = connection.connect(mirror.get(), GIT_DIRECTION_FETCH); !connected) return connected.error();
  auto at = connection.position(ref);
  if (!at || at->empty()) return at;
  auto fetched = fetch_refspecs(connection, {"+" + ref + ":" + fetched_notes});
  if (!fetched) return fetched.error();
  return at;
}

void GitFetch::consolidate_mirror(const std::string& repository, const StopFlag& stop) {
  using Clock = std::chrono::steady_clock;
  {
    std::lock_guard lock(consolidating_);
    auto& not_before = not_before_[repository];
    if (Clock::now() < not_before) return;
    not_before = Clock::now() + std::chrono::hours(1);
  }
  auto mirror = mirrors_.open(repository);
  if (!mirror) return;
  const auto ended = consolidate(mirror->get(), {}, [&stop] { return stop.load(); });
  if (ended != Consolidation::done && ended != Consolidation::not_needed) return;
  std::lock_guard lock(consolidating_);
  not_before_.erase(repository);
}

}  // namespace quietgate
