// The files of attempts, in the folders of the data directory.
#pragma once

#include "runner/ports/attempt_store.h"

namespace quietgate {

class AttemptFolders final : public AttemptStore {
 public:
  // `data` is absolute.
  explicit AttemptFolders(std::string data) : layout_(std::move(data)) {}
  Result<std::optional<StoredFile>> open(const AttemptId& attempt, AttemptFile file) override;
  Result<std::optional<StoredFile>> open_artifact(const AttemptId& attempt, const std::string& path) override;

 private:
  DataLayout layout_;
};

}  // namespace quietgate
