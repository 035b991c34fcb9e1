// A second tree that is exactly the first, and shares nothing with it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "runner/base/result.h"

namespace quietgate {

struct TreeLimits {
  std::uint64_t entries = 1'100'000;
  std::uint64_t bytes = 33ULL << 30;
};

// Whether the tree at `path` is no larger than that: looked at no further than needed. False when it can't be read.
bool is_within(const std::string& path, TreeLimits limits);

// Copies folders, files and links with their modes and times into `to`, which is made and must not be there. Never
// hard links: whoever writes into one tree changes no other. `stop`, if any, ends it between two files. Errors (kind
// infrastructure): the disk, a file of another kind, more than the limits; what was copied so far stays.
Result<void> copy_tree(const std::string& from, const std::string& to, const std::atomic<bool>* stop = nullptr,
                       TreeLimits limits = {});

}  // namespace quietgate
