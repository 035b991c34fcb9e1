#include "runner/adapters/git/git_mirror.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "runner/base/tree_removal.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view making = ".git.making-";
constexpr std::size_t longest_file =
    200;  // of a ref: a file's name has 255 bytes, its lock and its temporary name more

// What a process that is gone left half-made.
void remove_abandoned(const fs::path& directory, const std::string& repository) {
  std::error_code ignored;
  const auto prefix = repository + std::string(making);
  for (fs::directory_iterator at(directory, ignored), end; at != end; at.increment(ignored)) {
    const auto name = at->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const auto pid = static_cast<pid_t>(std::atol(name.c_str() + prefix.size()));
    if (pid <= 0 || pid == ::getpid() || (::kill(pid, 0) != 0 && errno == ESRCH)) (void)remove_tree(at->path()).ok();
  }
}

// Git's lock files of refs and of what stands beside them; objects have none.
void remove_locks(const fs::path& mirror) {
  std::error_code ignored;
  for (fs::directory_iterator at(mirror, ignored), end; at != end; at.increment(ignored)) {
    if (at->path().extension() == ".lock") fs::remove(at->path(), ignored);
  }
  for (fs::recursive_directory_iterator at(mirror / "refs", ignored), end; at != end; at.increment(ignored)) {
    if (at->path().extension() == ".lock" && at->is_regular_file(ignored)) fs::remove(at->path(), ignored);
  }
}

bool is_repository(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path / "HEAD", ignored) && fs::is_directory(path / "objects", ignored) &&
         fs::is_directory(path / "refs", ignored);
}

}  // namespace

Result<std::string> GitMirrors::path_of(const std::string& repository) const {
  const bool good = !repository.empty() && repository.size() <= 100 && repository.front() != '.' &&
                    std::all_of(repository.begin(), repository.end(),
                                [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '_' || c == '-'; });
  if (!good) {
    return user_error("a repository can't be named `" + printable(repository, 100) + "`",
                      "use letters, digits, `.`, `_` and `-`, and no `.` in front");
  }
  return directory_ + "/" + repository + ".git";
}

Result<RepositoryHandle> GitMirrors::open(const std::string& repository) const {
  auto path = path_of(repository);
  if (!path) return path.error();
  RepositoryHandle mirror;
  if (git_repository_open_bare(receive(mirror), path->c_str()) == 0) return mirror;
  if (!is_repository(*path)) return infrastructure_error("there is no mirror of " + repository + " yet", "fetch it");
  return infrastructure_error("cannot open the mirror " + *path + ": " + last_git_error(),
                              "check the disk, or remove the mirror; quietgate creates it again");
}

Result<RepositoryHandle> GitMirrors::open_or_make(const std::string& repository) {
  auto path = path_of(repository);
  if (!path) return path.error();
  std::lock_guard lock(mutex_);
  if (is_repository(*path)) return open(repository);
  std::error_code failed;
  fs::create_directories(directory_, failed);
  if (failed) return infrastructure_error("cannot make the directory " + directory_ + ": " + failed.message());
  remove_abandoned(directory_, repository);
  const auto made = directory_ + "/" + repository + std::string(making) + std::to_string(::getpid());
  {
    RepositoryHandle fresh;
    if (git_repository_init(receive(fresh), made.c_str(), 1) != 0) {
      return infrastructure_error("cannot make a mirror in " + directory_ + ": " + last_git_error(),
                                  "check the disk and the directory's owner");
    }
  }
  Result<void> cleared;
  if (!is_repository(*path)) cleared = remove_tree(*path);
  if (cleared) fs::rename(made, *path, failed);
  if (!cleared || failed) {
    (void)remove_tree(made).ok();
    if (!cleared) return cleared.error();
    // Another process may have been faster: then its mirror is as good.
    if (!is_repository(*path)) return infrastructure_error("cannot make " + *path + ": " + failed.message());
  }
  return open(repository);
}

Result<RepositoryHandle> GitMirrors::make_again(const std::string& repository) {
  auto path = path_of(repository);
  if (!path) return path.error();
  {
    std::lock_guard lock(mutex_);
    const auto aside = directory_ + "/" + repository + std::string(making) + std::to_string(::getpid());
    std::error_code failed;
    if (auto removed = remove_tree(aside); !removed) return removed.error();
    fs::rename(*path, aside, failed);
    if (failed) return infrastructure_error("cannot remove the damaged mirror " + *path + ": " + failed.message());
    if (auto removed = remove_tree(aside); !removed) return removed.error();
  }
  return open_or_make(repository);
}

std::unique_lock<std::timed_mutex> GitMirrors::write(const std::string& repository, NetworkBound& bound) {
  std::timed_mutex* writer = nullptr;
  {
    std::lock_guard lock(mutex_);
    writer = &writers_[repository];
  }
  std::unique_lock held(*writer, std::defer_lock);
  while (!held.try_lock_for(Milliseconds(100))) {
    if (bound.over()) return held;
  }
  const auto path = path_of(repository);
  std::lock_guard lock(mutex_);
  if (path && cleared_.insert(repository).second) remove_locks(*path);
  return held;
}

std::string GitMirrors::ref_of(const std::string& branch) {
  const std::string ours = "refs/quietgate/heads/";
  std::string name;
  for (char c : branch) {
    if (c == '/') {
      name += "%2F";
    } else if (c == '%') {
      name += "%25";
    } else {
      name += c;
    }
  }
  if (name.size() <= longest_file) return ours + name;
  git_oid digest;
  git_odb_hash(&digest, branch.data(), branch.size(), GIT_OBJECT_BLOB);
  return ours + "%x" + to_hex(digest);  // which no shorter name can become
}

Result<CommitHandle> find_commit(git_repository* mirror, const std::string& repository, const std::string& id) {
  git_oid oid;
  if (!parse_id(id, oid)) return user_error("`" + printable(id, 60) + "` is not a commit id", "give all 40 digits");
  CommitHandle commit;
  if (git_commit_lookup(receive(commit), mirror, &oid) != 0) {
    return infrastructure_error("the mirror of " + repository + " has no commit " + id + " (" + last_git_error() + ")",
                                "it may have been removed upstream by a forced push");
  }
  return commit;
}

}  // namespace quietgate
