// Files below a folder, named by people who may name anything: paths stay inside it, symlinks are not followed out of
// it, and every read has a limit.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/base/result.h"

namespace quietgate {

// The absolute path of `relative` below `root`; an empty one is the root itself. An error of kind user when the path is
// absolute, climbs out with `..`, or leads out of the root through a symlink. It need not exist.
Result<std::string> path_inside(const std::string& root, const std::string& relative);

struct FoundFiles {
  std::vector<std::string> paths;  // relative to the root, sorted
  std::size_t skipped_links = 0;   // symlinks that lead out of the root or nowhere, and every symlink to a folder
  std::size_t skipped_others = 0;  // FIFOs, sockets, devices
  std::string unfit;               // the first by name of both
  std::string unfit_is;            // `a link out of the tree`
  std::size_t folders = 0;         // that match themselves, and links to folders inside the root
  std::string first_folder;        // by name
  bool truncated = false;          // there were more than `limit`
  std::string unseen;              // what was not looked at, as a sentence's end; empty: nothing
};
// Regular files (and symlinks to regular files inside the root) whose path below the root matches one of the globs.
// `.git`, what is mounted below and what can't be read is left out; so is what is beyond 1,000,000 entries, below 128
// folders, or after 64 MiB of paths (`unseen`). It may take long: on a Disk, whose flag ends it (`unseen`). Never
// throws.
FoundFiles find_files(const std::string& root, const std::vector<std::string>& globs, std::size_t limit,
                      const std::atomic<bool>* stop = nullptr);

// The whole file. Errors (kind infrastructure): absent, not a regular file, larger than max_bytes.
Result<std::string> read_file_bounded(const std::string& path, std::size_t max_bytes);
// The last bytes of the file, at most max_bytes, from the start of a line; empty when there is none.
std::string read_file_end(const std::string& path, std::size_t max_bytes);
// At most `count` last lines of a text, without trailing blanks.
std::vector<std::string> last_lines(std::string_view text, std::size_t count);
// Writes beside the path and renames, so that a reader sees the old content or the new one whole. Mode 0600 when
// `secret`.
Result<void> write_file_whole(const std::string& path, std::string_view content, bool secret = false);
// Makes the folder and its parents; the last one is readable by its owner only when `secret`.
Result<void> make_folder(const std::string& path, bool secret = false);
// Removes the folder and what is below, links not followed. Absent is success.
Result<void> remove_folder(const std::string& path);

}  // namespace quietgate
