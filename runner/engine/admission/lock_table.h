// The holders of named locks, and who may get one.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runner/engine/admission/lock_graph.h"
#include "runner/engine/admission/slot_queue.h"

namespace quietgate {

// The request keeps the lock and may then wait for another, so granting it depends on the locks that others keep.
bool depends_on_keepers(const SlotRequest& request);

class LockTable {
 public:
  // How many runs may hold a lock at once; default one.
  explicit LockTable(std::map<std::string, int> sizes) : sizes_(std::move(sizes)) {}

  // The entry must stay at its address until it is released.
  void hold(const SlotEntry& entry);
  void release(const SlotEntry& entry);
  // Adds a waiting request that depends_on_keepers(): later requests are checked as if it had been granted.
  void join(const SlotEntry& entry) { graph_.add(entry.request, entry.asked); }
  void leave(const SlotEntry& entry) { graph_.remove(entry.request, entry.asked); }

  bool held(const std::string& lock) const { return holders_.contains(lock); }
  // A run counts once, even if several of its stages want the lock; these run one after the other.
  bool free_for(const SlotRequest& request) const;
  // Whether granting it can lead to no cycle of runs that wait for each other.
  bool safe_for(const SlotEntry& entry) const;
  // The run that would close such a cycle.
  std::optional<RunId> in_the_way(const SlotEntry& entry) const;
  // The only runs that may get the lock now; nothing: any run may.
  std::optional<std::set<RunId>> only_for(const std::string& lock) const;
  // Runs that may hold any lock, because their rows can't be read.
  const std::set<RunId>& unreadable() const { return unreadable_; }

 private:
  int size_of(const std::string& lock) const;

  std::map<std::string, int> sizes_;
  std::map<std::string, std::vector<const SlotEntry*>> holders_;  // by lock
  std::set<RunId> unreadable_;
  LockGraph graph_;
};

}  // namespace quietgate
