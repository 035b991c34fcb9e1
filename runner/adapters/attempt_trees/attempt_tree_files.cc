#include "runner/adapters/attempt_trees/attempt_tree_files.h"

#include <dirent.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "runner/adapters/attempt_trees/overlay.h"
#include "runner/base/tree_removal.h"

namespace quietgate {

namespace {

struct Paths {
  explicit Paths(const std::string& attempt)
      : tree(attempt + "/tree"),
        upper(tree + ".upper"),
        work(tree + ".work"),
        coming(tree + ".new"),
        own(attempt + "/own") {}
  std::string tree, upper, work, coming, own;
  bool any() const;
};

bool is_there(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

bool Paths::any() const {
  return is_there(tree) || is_there(upper) || is_there(work) || is_there(coming) || is_there(own);
}

// Put in place in one step, so that a half-made tree is never taken for one.
Result<void> copy(const std::string& checkout, const Paths& paths, const AttemptTreeFiles::Ways& ways,
                  const Disk::StopFlag* stop) {
  if (auto copied = copy_tree(checkout, paths.coming, stop); !copied) return copied;
  if (auto given = ways.give(paths.coming); !given) return given;
  if (std::rename(paths.coming.c_str(), paths.tree.c_str()) == 0) return {};
  return infrastructure_error("can't put " + paths.tree + " in place: " + std::strerror(errno));
}

// Whether the checkout was given to whoever works in trees: that takes its time, once.
bool is_given(const std::string& checkout, const AttemptTreeFiles::Ways& ways) {
  struct stat status {};
  return ways.owner == 0 || (::lstat(checkout.c_str(), &status) == 0 && status.st_uid == ways.owner);
}

std::vector<std::string> folders_in(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  while (folder) {
    const auto* entry = ::readdir(folder.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.push_back(name);
  }
  return names;
}

}  // namespace

std::shared_ptr<std::mutex> AttemptTreeFiles::Shared::turn(const std::string& attempt) {
  const std::lock_guard lock(mutex);
  std::erase_if(busy, [](const auto& one) { return one.second.expired(); });
  auto& known = busy[attempt];
  auto one = known.lock();
  if (!one) known = one = std::make_shared<std::mutex>();
  return one;
}

AttemptTreeFiles::AttemptTreeFiles(Disk& disk, Ways ways)
    : disk_(disk), shared_(std::make_shared<Shared>(std::move(ways))) {}

Result<void> AttemptTreeFiles::make(Shared& shared, const std::string& checkout, const std::string& attempt,
                                    bool resume, const Disk::StopFlag& stop) {
  const Paths paths(attempt);
  const auto turn = shared.turn(attempt);
  const std::lock_guard lock(*turn);
  const bool layered = is_there(paths.upper);
  if (resume && is_there(paths.tree) && (!layered || is_mount_point(paths.tree))) return {};
  if (shared.mounts) {
    // What an overlay shows of it has its owners.
    if (auto given = shared.ways.give(checkout); !given) return given;
    mount_read_only(checkout);
  }
  const Overlay overlay{checkout, paths.upper, paths.work, paths.tree};
  // All who saw it through the earlier mount have ended.
  if (resume && layered) return mount_overlay(overlay);
  if (paths.any()) {
    if (auto gone = discard(shared, attempt, &stop); !gone) return gone;
  }
  if (shared.mounts) {
    auto mounted = mount_overlay(overlay);
    if (mounted) return {};
    if (auto gone = discard(shared, attempt, &stop); !gone) return gone;
    if (shared.mounts.exchange(false)) shared.ways.say("trees of attempts are copied: " + mounted.error().message);
  }
  return copy(checkout, paths, shared.ways, &stop);
}

Result<void> AttemptTreeFiles::discard(Shared& shared, const std::string& attempt, const Disk::StopFlag* stop) {
  const Paths paths(attempt);
  if (shared.ways.mounts) unmount(paths.tree);
  Result<void> answer;
  for (const auto& path : {paths.tree, paths.upper, paths.work, paths.coming, paths.own}) {
    auto removed = remove_tree(path, stop);
    if (!removed && answer) answer = removed;
  }
  return answer;
}

Task<Result<std::string>> AttemptTreeFiles::open(std::string checkout, std::string attempt_directory, bool resume,
                                                 Stop& stop) {
  const Paths paths(attempt_directory);
  if (!paths.any()) {
    const bool given = is_given(checkout, shared_->ways);
    if (shared_->mounts && given) mount_read_only(checkout);
    if (is_within(checkout, shared_->ways.tiny)) {
      if (auto copied = copy(checkout, paths, shared_->ways, nullptr); !copied) co_return copied.error();
      co_return paths.tree;
    }
    // The time of a mount, whatever is seen through it; not behind removals that take long.
    if (shared_->mounts && given && mount_overlay({checkout, paths.upper, paths.work, paths.tree}))
      co_return paths.tree;
    resume = false;  // what is there now is of the mount that failed
  }
  std::function<Result<void>(const Disk::StopFlag&)> work = [shared = shared_, checkout, attempt_directory,
                                                             resume](const Disk::StopFlag& flag) {
    return make(*shared, checkout, attempt_directory, resume, flag);
  };
  auto made = co_await disk_.run(std::move(work), stop);
  if (!made) co_return made.error();
  co_return paths.tree;
}

Task<Result<void>> AttemptTreeFiles::close(std::string attempt_directory, Stop& stop) {
  std::function<Result<void>(const Disk::StopFlag&)> work = [shared = shared_,
                                                             attempt_directory](const Disk::StopFlag& flag) {
    const auto turn = shared->turn(attempt_directory);
    const std::lock_guard lock(*turn);
    return discard(*shared, attempt_directory, &flag);
  };
  return disk_.run(std::move(work), stop);
}

Task<Result<void>> AttemptTreeFiles::remove(std::string folder, Stop& stop) {
  std::function<Result<void>(const Disk::StopFlag&)> work = [folder](const Disk::StopFlag& flag) {
    // What a link leads to is another's.
    return is_folder(folder_of(folder)) ? remove_tree(folder, &flag) : Result<void>();
  };
  return disk_.run(std::move(work), stop);
}

Task<Result<void>> AttemptTreeFiles::clear(std::string checkout, Stop& stop) {
  std::function<Result<void>(const Disk::StopFlag&)> work = [shared = shared_, checkout](const Disk::StopFlag& flag) {
    const auto run = folder_of(checkout);
    Result<void> answer;
    if (!is_folder(run) || !is_folder(folder_of(run))) return answer;
    const auto keep = [&answer](Result<void> removed) {
      if (!removed && answer) answer = removed;
    };
    for (const auto& name : folders_in(run)) {
      const auto attempt = run + "/" + name;
      if (attempt == checkout) continue;
      const auto turn = shared->turn(attempt);  // one that was stopped may still be making its tree
      const std::lock_guard lock(*turn);
      if (Paths(attempt).any()) keep(discard(*shared, attempt, &flag));
    }
    if (shared->ways.mounts) unmount(checkout);
    keep(remove_tree(checkout, &flag));
    keep(remove_tree(checkout + ".new", &flag));
    return answer;
  };
  return disk_.run(std::move(work), stop);
}

std::string AttemptTreeFiles::written(const std::string& attempt_directory) const {
  const Paths paths(attempt_directory);
  return is_there(paths.upper) ? paths.upper : paths.tree;
}

}  // namespace quietgate
