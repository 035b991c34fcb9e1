// Rows of a journal's file found without SQLite's help, for a repair: every page is looked at for itself, so a damaged
// page costs its own rows and no others. The checksum of a row proves it. Only what was committed is taken from the
// write-ahead log. Formats: https://www.sqlite.org/fileformat2.html
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "runner/base/result.h"
#include "runner/model/types.h"

namespace quietgate {

struct FoundRow {
  std::int64_t sequence = 0;
  std::int64_t at = 0;  // milliseconds since 1970
  std::string type;
  std::string payload;
};

// Calls `take` for every row whose checksum holds, in no order, some more than once. Reads `path` and `path`-wal, which
// nobody may write meanwhile; memory does not grow with the file. Fails when the file can't be read.
Result<void> find_rows(const std::string& path, const std::function<void(const FoundRow&)>& take);

// Of the index of the rows of runs. Nothing proves it.
struct FoundEntry {
  RunId run;
  std::int64_t sequence = 0;
};
// Likewise for the index's entries, also in pages that are no longer in use. Answers whether the file ends before the
// end that it tells.
Result<bool> find_entries(const std::string& path, const std::function<void(const FoundEntry&)>& take);

}  // namespace quietgate
