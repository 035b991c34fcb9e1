// What attempts of stages left, asked for by name: who reads it knows no folders.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runner/base/descriptor.h"
#include "runner/base/result.h"
#include "runner/ports/data_layout.h"

namespace quietgate {

// A plain file that is open for reading, and whose bytes are read by their offset (pread). A log may still grow.
struct StoredFile {
  Descriptor file;
  std::int64_t size = 0;  // when it was opened
};

class AttemptStore {
 public:
  virtual ~AttemptStore() = default;
  // Nothing: the attempt left none, or what stands in its place is no plain file. Fails with kind infrastructure when
  // it is there and can't be opened now.
  virtual Result<std::optional<StoredFile>> open(const AttemptId& attempt, AttemptFile file) = 0;
  // An artifact by its path in the listing. Likewise; nothing also when a link is on the way, or it leads out.
  virtual Result<std::optional<StoredFile>> open_artifact(const AttemptId& attempt, const std::string& path) = 0;
};

// The whole text; empty when there is none, it is longer than `most`, or it can't be read.
std::string text_of(AttemptStore& store, const AttemptId& attempt, AttemptFile file, std::int64_t most);

}  // namespace quietgate
