// The lock of a data directory: one quietgate at a time.
#pragma once

#include <memory>
#include <string>

#include "runner/base/descriptor.h"
#include "runner/base/result.h"

namespace quietgate {

// Held as long as it lives; the kernel lets go of it however the process ends. It is the directory itself that is
// locked: removing the file `lock` in it, which tells people who holds it, lets nobody in.
class DirectoryLock {
 public:
  // Fails with kind user when another process holds it (its number is told), infrastructure when the directory can't
  // be used.
  static Result<std::unique_ptr<DirectoryLock>> take(const std::string& data);

 private:
  DirectoryLock(Descriptor directory, Descriptor file) : directory_(std::move(directory)), file_(std::move(file)) {}
  Descriptor directory_;
  Descriptor file_;
};

}  // namespace quietgate
