// Whole files and folders, as the product itself reads and writes them. Errors are of kind infrastructure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "runner/base/result.h"

namespace quietgate {

// The whole file. An error when it is absent, not a regular file or larger than max_bytes.
Result<std::string> read_file_bounded(const std::string& path, std::size_t max_bytes);
// The last bytes of the file, at most max_bytes, from the start of a line; empty when there is none.
std::string read_file_end(const std::string& path, std::size_t max_bytes);
// Writes beside the path, syncs and renames: a reader sees the old content or the new one whole, also after a power
// cut. Mode 0600 when `secret`.
Result<void> write_file_durably(const std::string& path, std::string_view content, bool secret = false);
// Makes the folder and its parents; the last one is readable by its owner only when `secret`.
Result<void> make_folder(const std::string& path, bool secret = false);

}  // namespace quietgate
