// A file or folder that is open, and how one is opened below another without being led elsewhere.
#pragma once

#include <unistd.h>

#include <string>
#include <utility>

namespace quietgate {

class Opened {
 public:
  Opened() = default;
  explicit Opened(int fd) : fd_(fd) {}
  ~Opened() { reset(); }
  Opened(Opened&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Opened& operator=(Opened&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// The folder `name` directly below `parent`. Not opened, with errno: ELOOP or ENOTDIR for a link or a file, EXDEV for
// one on which something is mounted (a bind mount of the same device too).
Opened open_folder_below(int parent, const char* name);
// A folder by its path; its last part is no link.
Opened open_folder(const std::string& path);

}  // namespace quietgate
