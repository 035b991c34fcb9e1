#include "runner/cli/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runner/base/descriptor.h"

namespace quietgate {

std::optional<Error> write_new_file(const std::string& path, const std::string& text) {
  errno = 0;  // a short write tells none
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file && errno == EEXIST) return user_error(path + " is there already", "edit it, or move it away");
  const auto size = static_cast<ssize_t>(text.size());
  const bool written = file && ::write(file.get(), text.data(), text.size()) == size && ::fsync(file.get()) == 0;
  if (written) return std::nullopt;
  const std::string why = std::strerror(errno == 0 ? ENOSPC : errno);
  if (file) ::unlink(path.c_str());
  return user_error(path + " can't be written: " + why, "check the space and the permissions of its folder");
}

}  // namespace quietgate
