// Reading a log while it is written, and its time index (formats: docs/leader.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runner/base/descriptor.h"
#include "runner/base/result.h"
#include "runner/model/types.h"

namespace quietgate {

// A log only grows; whether it has ended, the journal knows. A log that isn't there yet is empty.
class LogReader {
 public:
  explicit LogReader(std::string path) : path_(std::move(path)) {}
  // Reads up to `size` bytes from `offset`; 0 at the present end. Errors are infrastructure.
  Result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t size);
  // Bytes present.
  Result<std::uint64_t> size();

 private:
  bool open();
  std::string path_;
  Descriptor file_;
};

// When bytes were printed, to within LogWriter::index_every. Without an index all of them were when the log was written
// last. A damaged one knows little, and never fails.
class LogIndex {
 public:
  struct Entry {
    Time time{};
    std::uint64_t offset = 0;
  };
  // `log`: the log's path; the index lies beside it.
  explicit LogIndex(const std::string& log);
  // Where to begin reading to see all that was printed at `time` or later.
  std::uint64_t offset_at(Time time) const;
  // When the byte at `offset` was printed; nothing when no entry tells.
  std::optional<Time> time_at(std::uint64_t offset) const;

 private:
  // The last entry whose key is not above the wanted one; entries are in order of both keys.
  template <class Above>
  std::optional<Entry> last_not(Above above) const;
  Descriptor file_;
  std::optional<Entry> whole_;  // without an index
};

}  // namespace quietgate
