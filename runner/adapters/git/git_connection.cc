#include "runner/adapters/git/git_connection.h"

#include <cstring>
#include <filesystem>

#include "runner/adapters/git/git_connection_error.h"
#include "runner/adapters/git/late_libraries.h"
#include "runner/base/text.h"

namespace quietgate {

namespace {

constexpr int local_tries = 10;
constexpr std::size_t max_refs = 50'000;
constexpr std::size_t max_branch = 255;  // bytes, as at the large forges
constexpr std::size_t shown_name = 80;
constexpr std::string_view heads_prefix = "refs/heads/";

GitConnection& of(void* self) {
  return *static_cast<GitConnection*>(self);
}

// Why nobody can follow a branch of this name; empty: it can be.
std::string problem_of(const char* ref, std::string_view branch) {
  int valid = 0;
  if (branch.size() > max_branch) {
    return "its name has " + std::to_string(branch.size()) + " bytes, more than " + std::to_string(max_branch);
  }
  if (!is_utf8(branch)) return "its name is not UTF-8";
  if (git_reference_name_is_valid(&valid, ref) != 0 || !valid) return "its name is not a valid one";
  return {};
}

}  // namespace

GitConnection::GitConnection(const GitRemote& remote, GitUrl url, Limits limits, const StopFlag& stop, GitTrust& trust)
    : settings_(remote),
      url_(std::move(url)),
      stop_(stop),
      trust_(trust),
      max_bytes_(limits.max_bytes),
      authentication_(settings_, url_),
      bound_(remote.deadline, limits.idle, limits.max_bytes, stop),
      scope_(bound_) {
  bound_.allow(url_.host, url_.port);
}

GitConnection::~GitConnection() = default;

Result<void> GitConnection::connect(git_repository* mirror, git_direction direction) {
  if (url_.kind == GitUrl::Kind::local && !std::filesystem::is_directory(url_.path)) {
    return user_error("there is no repository at " + url_.shown, "give the path of a bare Git repository");
  }
  if (url_.kind == GitUrl::Kind::https) {
    auto turn = trust_.take(settings_.credentials.ca_file, bound_);
    if (!turn) return turn.error();
    if (!*turn) return error("connect to", -1);
    turn_.emplace(std::move(**turn));
  }
  if (url_.kind == GitUrl::Kind::ssh) {
    if (auto loaded = load_ssh(); !loaded) return loaded.error();
    watchdog_.emplace(bound_);
  }
  // In a folder, a ref of somebody else's push may go while they are listed.
  const int tries = url_.kind == GitUrl::Kind::local ? local_tries : 1;
  int code = 0;
  for (int i = 0; i < tries; ++i) {
    code = try_to_connect(mirror, direction);
    const auto* problem = git_error_last();
    const bool of_a_ref = code == GIT_ENOTFOUND || (problem != nullptr && problem->klass == GIT_ERROR_REFERENCE);
    if (code >= 0 || !of_a_ref || bound_.over()) break;
  }
  if (code >= 0) return {};
  const auto failure = error("connect to", code);
  if (!look_past_bad_refs()) return failure;
  if (direction == GIT_DIRECTION_FETCH) {
    code = try_to_connect(mirror, direction);
    return code < 0 ? Result<void>(failure) : Result<void>{};
  }
  const auto& ref = view_->left_out().front();
  return infrastructure_error(
      "cannot push to " + url_.shown + ": " + printable(ref.ref, shown_name) + " is in the way: " + ref.why,
      "remove or rename that ref, or have a Git server serve the folder");
}

bool GitConnection::look_past_bad_refs() {
  if (url_.kind != GitUrl::Kind::local || view_ || bound_.over() || broken()) return false;
  view_ = GitFolderView::of(url_.path);
  return view_ != nullptr && !view_->left_out().empty();
}

int GitConnection::try_to_connect(git_repository* mirror, git_direction direction) {
  git_error_clear();
  const auto& address = view_ ? view_->path() : url_.kind == GitUrl::Kind::local ? url_.path : settings_.url;
  // Without the search for insteadOf, which matches expressions in a way that leaks.
  git_remote_create_options making = GIT_REMOTE_CREATE_OPTIONS_INIT;
  making.repository = mirror;
  making.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF;
  if (const int code = git_remote_create_with_opts(receive(remote_), address.c_str(), &making); code < 0) return code;
  git_remote_connect_options options = GIT_REMOTE_CONNECT_OPTIONS_INIT;
  options.callbacks = callbacks();
  return git_remote_connect_ext(remote_.get(), direction, &options);
}

Result<CommitId> GitConnection::position(const std::string& ref) const {
  const git_remote_head** refs = nullptr;
  std::size_t count = 0;
  if (const int code = git_remote_ls(&refs, &count, remote_.get()); code < 0) return error("list", code);
  for (std::size_t i = 0; i < count; ++i) {
    if (ref == refs[i]->name) return to_hex(refs[i]->oid);
  }
  return CommitId{};
}

Result<std::vector<Advertised>> GitConnection::heads() const {
  const git_remote_head** refs = nullptr;
  std::size_t count = 0;
  if (const int code = git_remote_ls(&refs, &count, remote_.get()); code < 0) return error("list", code);
  if (count > max_refs) {
    return user_error(url_.shown + " has " + std::to_string(count) + " refs, more than " + std::to_string(max_refs),
                      "remove refs that nobody needs, or have the server hide them (transfer.hideRefs)");
  }
  std::vector<Advertised> found;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = refs[i]->name;
    if (!name.starts_with(heads_prefix)) continue;
    const auto branch = name.substr(heads_prefix.size());
    auto problem = problem_of(refs[i]->name, branch);
    auto shown = problem.empty() ? std::string(branch) : printable(branch, shown_name);
    found.push_back({std::move(shown), refs[i]->oid, std::move(problem)});
  }
  if (!view_) return found;
  for (const auto& ref : view_->left_out()) {
    if (!ref.ref.starts_with(heads_prefix)) continue;
    found.push_back({printable(std::string_view(ref.ref).substr(heads_prefix.size()), shown_name), {}, ref.why});
  }
  return found;
}

Error GitConnection::error(const std::string& doing, int code) const {
  // Ours first: after a failed callback libgit2's own text is often an unrelated, older one.
  if (auto found = authentication_.error()) return *found;
  if (auto found = bound_error(bound_, settings_, url_, max_bytes_)) return *found;
  return protocol_error(doing, code, settings_, url_);
}

git_remote_callbacks GitConnection::callbacks() {
  git_remote_callbacks callbacks = GIT_REMOTE_CALLBACKS_INIT;
  callbacks.payload = this;
  callbacks.credentials = acquire;
  callbacks.certificate_check = check;
  callbacks.transfer_progress = progress;
  callbacks.sideband_progress = listen;
  callbacks.push_negotiation = negotiate;
  callbacks.push_update_reference = note_update;
  return callbacks;
}

int GitConnection::acquire(git_credential** out, const char*, const char* user, unsigned allowed, void* payload) {
  return of(payload).authentication_.give(out, user, allowed);
}

int GitConnection::check(git_cert* certificate, int valid, const char*, void* payload) {
  return of(payload).authentication_.check(certificate, valid != 0);
}

int GitConnection::progress(const git_indexer_progress* stats, void* payload) {
  auto& self = of(payload);
  if (stats->received_bytes > self.max_bytes_) self.bound_.break_by(NetworkBound::Broken::size);
  return self.broken() || self.bound_.over() ? GIT_EUSER : 0;
}

int GitConnection::listen(const char* text, int size, void* payload) {
  auto& words = of(payload).words_;
  if (size > 0 && words.size() < 8000) words.append(text, static_cast<std::size_t>(size));
  return 0;
}

int GitConnection::negotiate(const git_push_update** updates, std::size_t count, void* payload) {
  const auto& ask = of(payload).before_update;
  return count == 1 && ask ? ask(updates[0]->src) : GIT_EUSER;
}

int GitConnection::note_update(const char*, const char* status, void* payload) {
  if (const auto& tell = of(payload).updated) tell(status);
  return 0;
}

}  // namespace quietgate
