#include "runner/base/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <memory>

#include "runner/base/descriptor.h"
#include "runner/base/open_folder.h"

namespace quietgate {

namespace {

EntryKind kind_of(int folder, const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG:
      return EntryKind::file;
    case DT_DIR:
      return EntryKind::folder;
    case DT_LNK:
      return EntryKind::link;
    case DT_UNKNOWN:
      break;
    default:
      return EntryKind::other;
  }
  struct stat status {};
  if (::fstatat(folder, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) return EntryKind::other;
  if (S_ISREG(status.st_mode)) return EntryKind::file;
  if (S_ISDIR(status.st_mode)) return EntryKind::folder;
  return S_ISLNK(status.st_mode) ? EntryKind::link : EntryKind::other;
}

class Walk {
 public:
  using Each = std::function<bool(const std::string& path, EntryKind kind)>;
  Walk(const Each& each, const std::atomic<bool>* stop, WalkLimits limits)
      : each_(each), stop_(stop), limits_(limits) {}

  // False: the walk is over. `path_` is the folder's, and is so again afterwards.
  bool folder(Descriptor opened, int depth) {
    const std::unique_ptr<DIR, int (*)(DIR*)> list(opened ? ::fdopendir(opened.get()) : nullptr, ::closedir);
    if (!list) return true;
    const int here = opened.release();
    const auto length = path_.size();
    while (const auto* entry = ::readdir(list.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (stop_ != nullptr && stop_->load()) return end(walked.stopped);
      if (limits_.entries-- == 0) return end(walked.entries_over);
      if (length > 0) path_ += '/';
      path_ += name;
      const bool goes_on = this->entry(here, *entry, depth);
      path_.resize(length);
      if (!goes_on) return false;
    }
    return true;
  }

  WalkEnd walked;

 private:
  bool entry(int here, const dirent& entry, int depth) {
    const auto kind = kind_of(here, entry);
    const bool wanted = each_(path_, kind);
    if (kind != EntryKind::folder) return wanted || end(walked.stopped);
    if (!wanted) return true;
    if (depth < limits_.depth) return folder(open_folder_below(here, entry.d_name), depth + 1);
    if (walked.too_deep.empty()) walked.too_deep = path_;
    return true;
  }
  static bool end(bool& why) {
    why = true;
    return false;
  }

  const Each& each_;
  const std::atomic<bool>* stop_;
  WalkLimits limits_;
  std::string path_;
};

}  // namespace

WalkEnd walk_tree(const std::string& root, const std::function<bool(const std::string& path, EntryKind kind)>& each,
                  const std::atomic<bool>* stop, WalkLimits limits) {
  Walk walk(each, stop, limits);
  Descriptor top(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  walk.walked.unread = !top;
  walk.folder(std::move(top), 0);
  return std::move(walk.walked);
}

}  // namespace quietgate
