#include "runner/base/tree_removal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "runner/base/descriptor.h"
#include "runner/base/open_folder.h"

namespace quietgate {

namespace {

constexpr std::size_t most_shown = 300;
constexpr int most_looks = 3;  // at one folder: something may still be written into it

// Walks down and up again with one open folder at a time: neither the stack, nor the descriptors, nor the length of a
// path bound the depth.
class Remover {
 public:
  Remover(std::string top, const std::atomic<bool>* stop) : top_(std::move(top)), stop_(stop) {}

  Result<void> remove() {
    const auto slash = top_.rfind('/');
    const auto above = slash == std::string::npos ? "." : slash == 0 ? "/" : top_.substr(0, slash);
    const auto name = slash == std::string::npos ? top_ : top_.substr(slash + 1);
    here_.reset(::open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!here_) return errno == ENOENT ? Result<void>() : Result<void>(told(errno));
    if (::unlinkat(here_.get(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM)
      note({}, errno);
    else if (enter(name))
      empty();
    return answer();
  }

 private:
  struct Frame {
    std::string name;
    dev_t device = 0;  // of the folder above it, to know it again
    ino_t number = 0;
    std::vector<std::string> folders;  // below it, still to be emptied
    bool holds = false;                // something that stays
    int looks = 0;
  };

  void empty() {
    while (!frames_.empty() && !broken_) {
      auto& frame = frames_.back();
      if (stopped()) return;
      if (!frame.folders.empty()) {
        const auto name = std::move(frame.folders.back());
        frame.folders.pop_back();
        if (!enter(name)) frames_.back().holds = true;
        continue;
      }
      leave();
    }
  }

  // Opens the folder and removes all in it but folders.
  bool enter(const std::string& name) {
    auto opened = open_folder_below(here_.get(), name.c_str());
    if (!opened && errno == EACCES && unlock(name)) opened = open_folder_below(here_.get(), name.c_str());
    if (!opened && errno == ENOENT) return true;
    struct stat above {};
    if (!opened || ::fstat(here_.get(), &above) != 0) {
      note(name, errno);
      return false;
    }
    frames_.push_back({name, above.st_dev, above.st_ino, {}, false, 0});
    here_ = std::move(opened);
    list();
    return true;
  }

  void list() {
    auto& frame = frames_.back();
    ++frame.looks;
    // Its own position, for a second look.
    Descriptor reading(::openat(here_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(reading ? ::fdopendir(reading.get()) : nullptr, ::closedir);
    if (!folder) return stays({}, errno);
    reading.release();
    errno = 0;
    while (const auto* entry = ::readdir(folder.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (stopped()) return;
      if (entry->d_type == DT_DIR) {
        frame.folders.emplace_back(name);
      } else if (!unlink(entry->d_name)) {
        // A folder, of a file system that doesn't tell.
        if (errno == EISDIR || (errno == EPERM && entry->d_type == DT_UNKNOWN))
          frame.folders.emplace_back(name);
        else
          stays(std::string(name), errno);
      }
      errno = 0;
    }
    if (errno != 0) stays({}, errno);
  }

  void leave() {
    auto frame = std::move(frames_.back());
    frames_.pop_back();
    Descriptor above(::openat(here_.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat status {};
    if (!above || ::fstat(above.get(), &status) != 0 || status.st_ino != frame.number ||
        status.st_dev != frame.device) {
      note({}, above ? ESTALE : errno);
      broken_ = true;
      return;
    }
    auto inside = std::exchange(here_, std::move(above));
    if (frame.holds) return hold();
    if (::unlinkat(here_.get(), frame.name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return;
    const int error = errno;
    if ((error == ENOTEMPTY || error == EEXIST) && frame.looks < most_looks) {
      frames_.push_back(std::move(frame));
      here_ = std::move(inside);
      list();
      return;
    }
    if (error == EACCES && own(here_.get()) && ::unlinkat(here_.get(), frame.name.c_str(), AT_REMOVEDIR) == 0) return;
    note(frame.name, error);
    hold();
  }

  bool unlink(const char* name) {
    if (::unlinkat(here_.get(), name, 0) == 0 || errno == ENOENT) return true;
    if (errno != EACCES) return false;
    if (own(here_.get()) && ::unlinkat(here_.get(), name, 0) == 0) return true;
    errno = EACCES;
    return false;
  }

  static bool own(int folder) { return ::fchmod(folder, 0700) == 0; }

  // A folder of ours that nobody may look into. By a descriptor, which no link leads elsewhere.
  bool unlock(const std::string& name) {
    const Descriptor found(::openat(here_.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    const auto by_number = "/proc/self/fd/" + std::to_string(found.get());
    const bool done = found && ::chmod(by_number.c_str(), 0700) == 0;
    if (!done) errno = EACCES;
    return done;
  }

  bool stopped() {
    if (stop_ == nullptr || !stop_->load()) return false;
    stopped_ = true;
    broken_ = true;
    return true;
  }

  void hold() {
    if (!frames_.empty()) frames_.back().holds = true;
  }
  void stays(const std::string& name, int error) {
    note(name, error);
    hold();
  }
  void note(const std::string& name, int error) {
    if (left_++ > 0) return;
    first_ = top_;
    for (const auto& frame : frames_) {
      if (&frame != &frames_.front()) first_ += "/" + frame.name;
    }
    if (!name.empty() && !frames_.empty()) first_ += "/" + name;
    if (first_.size() > most_shown) {
      first_.resize(most_shown);
      first_ += "...";
    }
    why_ = error;
  }

  Result<void> answer() const {
    if (stopped_) return infrastructure_error("the removal of " + top_ + " was stopped");
    return left_ == 0 ? Result<void>() : Result<void>(told(why_));
  }
  Error told(int error) const {
    const bool mount = error == EXDEV || error == EBUSY;
    auto text = "can't remove " + (first_.empty() ? top_ : first_) + ": " +
                (mount             ? "something is mounted there"
                 : error == ESTALE ? "it was moved meanwhile"
                                   : std::strerror(error));
    if (left_ > 1) text += ", and " + std::to_string(left_ - 1) + " more places";
    return infrastructure_error(std::move(text),
                                mount ? "unmount it; what it holds was left as it is" : "remove it by hand");
  }

  std::string top_;
  const std::atomic<bool>* stop_;
  Descriptor here_;
  std::vector<Frame> frames_;
  std::string first_;
  int why_ = 0;
  std::uint64_t left_ = 0;
  bool stopped_ = false;
  bool broken_ = false;
};

}  // namespace

Result<void> remove_tree(const std::string& path, const std::atomic<bool>* stop) {
  auto top = path;
  while (top.size() > 1 && top.back() == '/') top.pop_back();
  return Remover(std::move(top), stop).remove();
}

}  // namespace quietgate
