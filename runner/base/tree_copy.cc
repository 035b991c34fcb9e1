#include "runner/base/tree_copy.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>

#include "runner/base/descriptor.h"
#include "runner/base/open_folder.h"

namespace quietgate {

namespace {

constexpr int most_depth = 256;
constexpr std::size_t block = 256UL * 1024;

// Calls `each` with the name and status of what is in the folder, until it answers false.
bool for_each_in(int folder, const std::function<bool(const char* name, const struct stat& status)>& each) {
  Descriptor reading(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, int (*)(DIR*)> list(reading ? ::fdopendir(reading.get()) : nullptr, ::closedir);
  if (!list) return false;
  reading.release();
  errno = 0;
  while (const auto* entry = ::readdir(list.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat status {};
    if (::fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
    if (!each(entry->d_name, status)) return false;
    errno = 0;
  }
  return errno == 0;
}

class Measure {
 public:
  explicit Measure(TreeLimits limits) : limits_(limits) {}
  bool folder(int folder, int depth) {
    if (depth > most_depth) return false;
    return for_each_in(folder, [&](const char* name, const struct stat& status) {
      if (!count(status)) return false;
      if (!S_ISDIR(status.st_mode)) return true;
      const auto inside = open_folder_below(folder, name);
      return inside && this->folder(inside.get(), depth + 1);
    });
  }
  bool count(const struct stat& status) {
    if (limits_.entries-- == 0) return false;
    const auto bytes = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
    if (bytes > limits_.bytes) return false;
    limits_.bytes -= bytes;
    return true;
  }

 private:
  TreeLimits limits_;
};

class Copier {
 public:
  Copier(std::string from, const std::atomic<bool>* stop, TreeLimits limits)
      : top_(std::move(from)), stop_(stop), measure_(limits) {}

  Result<void> copy(const std::string& to) {
    const auto source = open_folder(top_);
    if (!source) return wrong("read", top_, errno);
    struct stat status {};
    if (::fstat(source.get(), &status) != 0) return wrong("read", top_, errno);
    if (::mkdir(to.c_str(), 0700) != 0) return wrong("make", to, errno);
    const auto target = open_folder(to);
    if (!target) return wrong("make", to, errno);
    folder(source.get(), target.get(), "", 0);
    if (!failure_) dress(target.get(), status);
    return failure_ ? Result<void>(*failure_) : Result<void>();
  }

 private:
  static Error wrong(const char* doing, const std::string& path, int error) {
    return infrastructure_error("can't " + std::string(doing) + " " + path.substr(0, 300) + ": " + std::strerror(error),
                                "check the space and the permissions of the data directory");
  }
  bool fail(const char* doing, const std::string& path, int error) {
    if (!failure_) failure_ = wrong(doing, top_ + "/" + path, error);
    return false;
  }
  bool fail(const std::string& what) {
    if (!failure_) failure_ = infrastructure_error(what);
    return false;
  }

  bool folder(int from, int to, const std::string& prefix, int depth) {
    if (depth > most_depth) return fail(top_ + " is nested too deep to be copied");
    const bool whole = for_each_in(from, [&](const char* name, const struct stat& status) {
      if (stop_ != nullptr && stop_->load()) return fail("the copy of " + top_ + " was stopped");
      if (!measure_.count(status)) return fail(top_ + " is too large to be copied");
      return entry(from, to, name, status, prefix + name, depth);
    });
    return whole || fail("read", prefix, errno);
  }

  bool entry(int from, int to, const char* name, const struct stat& status, const std::string& path, int depth) {
    if (S_ISREG(status.st_mode)) return file(from, to, name, status, path);
    if (S_ISLNK(status.st_mode)) return link(from, to, name, status, path);
    if (!S_ISDIR(status.st_mode))
      return fail(top_ + "/" + path + " is not a file, a folder or a link: it can't be copied");
    const auto source = open_folder_below(from, name);
    if (!source) return fail("read", path, errno);
    if (::mkdirat(to, name, 0700) != 0) return fail("copy", path, errno);
    const auto target = open_folder_below(to, name);
    if (!target) return fail("copy", path, errno);
    return folder(source.get(), target.get(), path + "/", depth + 1) && dress(target.get(), status);
  }

  bool file(int from, int to, const char* name, const struct stat& status, const std::string& path) {
    const Descriptor source(::openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (!source) return fail("read", path, errno);
    const Descriptor target(::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!target) return fail("copy", path, errno);
    if (status.st_size > 0 && !bytes(source.get(), target.get(), path)) return false;
    return dress(target.get(), status) || fail("copy", path, errno);
  }

  // The kernel copies (or shares what is written to no more) where it can.
  bool bytes(int from, int to, const std::string& path) {
    bool any = false;
    for (;;) {
      const auto put = ::copy_file_range(from, nullptr, to, nullptr, SSIZE_MAX / 2, 0);
      if (put == 0) return any || by_hand(from, to, path);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0 && !any) return by_hand(from, to, path);
      if (put < 0) return fail("copy", path, errno);
      any = true;
    }
  }
  bool by_hand(int from, int to, const std::string& path) {
    if (!buffer_) buffer_ = std::make_unique<char[]>(block);
    for (;;) {
      const auto got = ::read(from, buffer_.get(), block);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail("read", path, errno);
      if (got == 0) return true;
      for (ssize_t done = 0; done < got;) {
        const auto put = ::write(to, buffer_.get() + done, static_cast<std::size_t>(got - done));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return fail("copy", path, errno);
        done += put;
      }
    }
  }

  bool link(int from, int to, const char* name, const struct stat& status, const std::string& path) {
    char target[PATH_MAX];
    const auto size = ::readlinkat(from, name, target, sizeof target - 1);
    if (size < 0) return fail("read", path, errno);
    target[size] = '\0';
    if (::symlinkat(target, to, name) != 0) return fail("copy", path, errno);
    const struct timespec times[2] = {status.st_atim, status.st_mtim};
    ::utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
    return true;
  }

  static bool dress(int opened, const struct stat& status) {
    const struct timespec times[2] = {status.st_atim, status.st_mtim};
    return ::fchmod(opened, status.st_mode & 07777) == 0 && ::futimens(opened, times) == 0;
  }

  std::string top_;
  const std::atomic<bool>* stop_;
  Measure measure_;
  std::unique_ptr<char[]> buffer_;
  std::optional<Error> failure_;
};

}  // namespace

bool is_within(const std::string& path, TreeLimits limits) {
  const auto top = open_folder(path);
  return top && Measure(limits).folder(top.get(), 0);
}

Result<void> copy_tree(const std::string& from, const std::string& to, const std::atomic<bool>* stop,
                       TreeLimits limits) {
  return Copier(from, stop, limits).copy(to);
}

}  // namespace quietgate
