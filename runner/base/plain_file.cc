#include "runner/base/plain_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace quietgate {

namespace {

constexpr int not_plain = ENOTBLK;  // that no call here gives

std::uint64_t size_of(const Descriptor& file) {
  struct stat about = {};
  return file && ::fstat(file.get(), &about) == 0 ? static_cast<std::uint64_t>(about.st_size) : 0;
}

}  // namespace

int open_plain(const std::string& path, int flags, unsigned mode) {
  const int file = ::open(path.c_str(), (flags & ~O_TRUNC) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode);
  if (file < 0) return -1;
  struct stat about = {};
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  bool good = ::fstat(file, &about) == 0;
  int why = good ? not_plain : errno;
  good = good && S_ISREG(about.st_mode) && !(writes && about.st_nlink > 1);
  if (good && (flags & O_TRUNC) != 0 && ::ftruncate(file, 0) != 0) {
    good = false;
    why = errno;
  }
  if (good) return file;
  ::close(file);
  errno = why;
  return -1;
}

std::string open_plain_problem() {
  // A link; a pipe that nobody reads, or a socket; a folder.
  if (errno == ELOOP || errno == ENXIO || errno == EISDIR || errno == not_plain)
    return "it is not a plain file: something was put in its place";
  return strerrordesc_np(errno);
}

std::string read_plain(const Descriptor& file, std::uint64_t from, std::size_t most) {
  const auto end = size_of(file);
  std::string text(from < end ? std::min<std::uint64_t>(most, end - from) : 0, '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const auto got = ::pread(file.get(), text.data() + done, text.size() - done, static_cast<off_t>(from + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  text.resize(done);
  return text;
}

std::string read_plain(const std::string& path, std::uint64_t from, std::size_t most) {
  return read_plain(Descriptor(open_plain(path, O_RDONLY)), from, most);
}

std::string read_plain_end(const std::string& path, std::size_t most) {
  const Descriptor file(open_plain(path, O_RDONLY));
  const auto size = size_of(file);
  return read_plain(file, size - std::min<std::uint64_t>(size, most), most);
}

bool append_plain(const std::string& path, const std::string& text) {
  const Descriptor file(open_plain(path, O_WRONLY | O_CREAT | O_APPEND));
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

Result<void> replace_file(const std::string& path, std::string_view text) {
  auto draft = path + ".new";
  std::remove(draft.c_str());  // whatever stands there
  if (append_plain(draft, std::string(text)) && std::rename(draft.c_str(), path.c_str()) == 0) return {};
  const std::string why = strerrordesc_np(errno);
  std::remove(draft.c_str());
  return infrastructure_error(path + " could not be written: " + why,
                              "free space on the disk of the data directory, or make it writable");
}

}  // namespace quietgate
