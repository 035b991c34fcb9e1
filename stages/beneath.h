// Files below a folder, opened one name at a time: nothing leads out of it, whatever is swapped for a link meanwhile.
#pragma once

#include <sys/stat.h>

#include <string>
#include <utility>

#include "runner/core/result.h"

namespace quietgate {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  int operator*() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

// Why not, as errno; 0: it worked.
struct Opened {
  Descriptor file;
  int problem = 0;
};

Opened open_folder(const std::string& path);
// The regular file at a relative path, for reading. Never follows a link (ELOOP), never waits for a FIFO or touches a
// device (EINVAL), never climbs out (EINVAL).
Opened open_file_beneath(const Descriptor& root, const std::string& relative);
// A new, empty file for writing; folders on the way are made. EEXIST: something has the name.
Opened make_file_beneath(const Descriptor& root, const std::string& relative, mode_t mode);
// Takes the name away, be it a file, a link (not what it leads to), or a FIFO. An errno, or 0; EISDIR: it is a folder.
int remove_file_beneath(const Descriptor& root, const std::string& relative);

}  // namespace quietgate
