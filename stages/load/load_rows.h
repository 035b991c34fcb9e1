// The rows that a source of load writes to its file, read while it writes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "stages/load/load_report.h"
#include "stages/load/load_spec.h"
#include "stages/load/request_lines.h"

namespace quietgate {

class LoadRows {
 public:
  // `path` is the file, which may not be there yet; `spec` tells the format: Locust's listener, k6 or plain lines.
  LoadRows(std::string path, const LoadSpec& spec);

  // Reads on from where the last read ended, at most about `most` bytes. True: there may be more.
  bool read_into(LoadReport& report, std::size_t most = SIZE_MAX);
  // The source has ended, in order or not. Call it once: k6 and plain lines don't tell their end in a row.
  void finish(LoadReport& report, bool in_order = true);

 private:
  std::string path_;
  std::uint64_t offset_ = 0;
  std::optional<RequestLines> lines_;  // of a source that tells each request
};

}  // namespace quietgate
