#include "runner/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "runner/base/plain_file.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

std::string text_of_errno(int number) {
  return std::strerror(number);
}

}  // namespace

Result<std::string> read_file_bounded(const std::string& path, std::size_t max_bytes) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return infrastructure_error("can't read " + path + ": " + text_of_errno(errno));
  struct Closed {
    int file;
    ~Closed() { ::close(file); }
  } closed{file};
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    return infrastructure_error("can't read " + path + ": not a regular file");
  }
  std::string content;
  char block[65536];
  for (;;) {
    auto got = ::read(file, block, sizeof block);
    if (got < 0) return infrastructure_error("can't read " + path + ": " + text_of_errno(errno));
    if (got == 0) return content;
    content.append(block, static_cast<std::size_t>(got));
    if (content.size() > max_bytes) {
      return infrastructure_error(path + " is larger than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

std::string read_file_end(const std::string& path, std::size_t max_bytes) {
  auto content = read_plain_end(path, max_bytes);
  if (content.size() == max_bytes) {
    auto line = content.find('\n');
    if (line != std::string::npos) content.erase(0, line + 1);
  }
  return content;
}

Result<void> write_file_durably(const std::string& path, std::string_view content, bool secret) {
  auto beside = path + ".new";
  ::unlink(beside.c_str());  // whatever stands there
  int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, secret ? 0600 : 0644);
  if (file < 0) return infrastructure_error("can't write " + path + ": " + text_of_errno(errno));
  int problem = 0;
  while (!content.empty() && problem == 0) {
    auto put = ::write(file, content.data(), content.size());
    if (put < 0) problem = errno;
    if (put > 0) content.remove_prefix(static_cast<std::size_t>(put));
  }
  if (problem == 0 && ::fsync(file) != 0) problem = errno;
  if (::close(file) != 0 && problem == 0) problem = errno;
  if (problem == 0 && ::rename(beside.c_str(), path.c_str()) != 0) problem = errno;
  if (problem == 0) return {};
  ::unlink(beside.c_str());
  return infrastructure_error("can't write " + path + ": " + text_of_errno(problem));
}

Result<void> make_folder(const std::string& path, bool secret) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && secret) fs::permissions(path, fs::perms::owner_all, error);
  if (error) return infrastructure_error("can't make the folder " + path + ": " + error.message());
  return {};
}

}  // namespace quietgate
