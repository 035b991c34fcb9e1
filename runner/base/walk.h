// Looking through a tree that anybody may have filled: bounded, and to be stopped.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace quietgate {

struct WalkLimits {
  std::uint64_t entries = 1'000'000;
  int depth = 128;  // of folders below the root
};

struct WalkEnd {
  bool unread = false;        // the root itself can't be read
  bool stopped = false;       // by the flag, or because `each` had enough
  bool entries_over = false;  // more than the limit: the rest was not looked at
  std::string too_deep;       // a folder below the limit of depth, which was not looked at; empty: none
};

enum class EntryKind { file, folder, link, other };

// Calls `each` with what is below `root`, by its path relative to that, in no order; folders before what is in them.
// It answers whether to go on: for a folder, into it; else, at all. Links are not followed; what is mounted below, and
// what can't be read, is passed over.
WalkEnd walk_tree(const std::string& root, const std::function<bool(const std::string& path, EntryKind kind)>& each,
                  const std::atomic<bool>* stop = nullptr, WalkLimits limits = {});

}  // namespace quietgate
