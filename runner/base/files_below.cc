#include "runner/base/files_below.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace quietgate {

namespace {

constexpr int folder_flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

bool is_name(std::string_view text) {
  return !text.empty() && text != "." && text != ".." && text.find('\0') == std::string_view::npos;
}

// The folder that holds the last name of the path; `make`: those on the way that are absent are made.
OpenedFile holder_of(const Descriptor& root, std::string_view path, bool make, std::string& name) {
  OpenedFile at{Descriptor(::openat(root.get(), ".", folder_flags)), 0};
  while (at.file) {
    const auto slash = path.find('/');
    name = path.substr(0, slash);
    if (!is_name(name)) return {Descriptor(), EINVAL};
    if (slash == std::string_view::npos) return at;
    path.remove_prefix(slash + 1);
    if (make && ::mkdirat(at.file.get(), name.c_str(), 0755) != 0 && errno != EEXIST) return {Descriptor(), errno};
    at.file = Descriptor(::openat(at.file.get(), name.c_str(), folder_flags));
  }
  return {Descriptor(), errno};
}

}  // namespace

OpenedFile open_root(const std::string& path) {
  OpenedFile opened{Descriptor(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), 0};
  if (!opened.file) opened.problem = errno;
  return opened;
}

OpenedFile open_file_below(const Descriptor& root, const std::string& relative) {
  std::string name;
  auto holder = holder_of(root, relative, false, name);
  if (!holder.file) return holder;
  // What it is comes first: to open a device may already do something.
  struct stat status {};
  if (::fstatat(holder.file.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {Descriptor(), errno};
  if (S_ISLNK(status.st_mode)) return {Descriptor(), ELOOP};
  if (!S_ISREG(status.st_mode)) return {Descriptor(), EINVAL};
  OpenedFile opened{
      Descriptor(::openat(holder.file.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)),
      0};
  if (!opened.file) return {Descriptor(), errno};
  if (::fstat(opened.file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {Descriptor(), EINVAL};
  return opened;
}

OpenedFile make_file_below(const Descriptor& root, const std::string& relative, mode_t mode) {
  std::string name;
  auto holder = holder_of(root, relative, true, name);
  if (!holder.file) return holder;
  OpenedFile opened{
      Descriptor(::openat(holder.file.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)),
      0};
  if (!opened.file) return {Descriptor(), errno};
  return opened;
}

int remove_file_below(const Descriptor& root, const std::string& relative) {
  std::string name;
  const auto holder = holder_of(root, relative, false, name);
  if (!holder.file) return holder.problem;
  return ::unlinkat(holder.file.get(), name.c_str(), 0) == 0 ? 0 : errno;
}

}  // namespace quietgate
