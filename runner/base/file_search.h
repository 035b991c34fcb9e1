// Looks for the files below a folder that match globs. Links are not followed out of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

namespace quietgate {

struct FoundFiles {
  std::vector<std::string> paths;  // relative to the root, sorted
  std::size_t skipped_links = 0;   // symlinks that lead out of the root or nowhere, and every symlink to a folder
  std::size_t skipped_others = 0;  // FIFOs, sockets, devices
  std::string first_unusable;      // the first by name of both
  std::string why_unusable;        // `a link out of the tree`
  std::size_t folders = 0;         // that match themselves, and links to folders inside the root
  std::string first_folder;        // by name
  bool truncated = false;          // there were more than `limit`
  std::string not_searched;        // the part that was not searched, as a sentence's end; empty: none
};

// Regular files (and symlinks to regular files inside the root) whose path below the root matches one of the globs.
// `.git`, what is mounted below and what can't be read is left out; so is what is beyond 1,000,000 entries, below 128
// folders, or after 64 MiB of paths (`not_searched`). It may take long: on a Disk, whose flag ends it (`not_searched`).
// Never throws.
FoundFiles find_files(const std::string& root, const std::vector<std::string>& globs, std::size_t limit,
                      const std::atomic<bool>* stop = nullptr);

}  // namespace quietgate
