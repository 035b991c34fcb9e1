// The lock of a data directory: one quietgate at a time.
#pragma once

#include <memory>
#include <string>

#include "runner/core/result.h"

namespace quietgate {

// Held as long as it lives; the kernel lets go of it however the process ends.
class DirectoryLock {
 public:
  // Fails with kind user when another process holds it (its number is told), infrastructure when the file can't be
  // used.
  static Result<std::unique_ptr<DirectoryLock>> take(const std::string& data);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace quietgate
