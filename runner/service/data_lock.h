// The lock of a data directory: one quietgate at a time.
#pragma once

#include <memory>
#include <string>

#include "runner/base/descriptor.h"
#include "runner/base/result.h"

namespace quietgate {

// Held for the lifetime of the object; the kernel releases it however the process ends. The directory itself is locked.
// The file `lock` in it only names the holder for people; removing it lets no second process in.
class DirectoryLock {
 public:
  // Fails with kind user if another process holds the lock (the message has its number), and with kind infrastructure
  // if the directory can't be used.
  static Result<std::unique_ptr<DirectoryLock>> take(const std::string& data);

 private:
  DirectoryLock(Descriptor directory, Descriptor file) : directory_(std::move(directory)), file_(std::move(file)) {}
  Descriptor directory_;
  Descriptor file_;
};

}  // namespace quietgate
