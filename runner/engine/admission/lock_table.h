// Who holds which named lock, and who may be given one.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runner/engine/admission/lock_graph.h"
#include "runner/engine/admission/slot_queue.h"

namespace quietgate {

// It keeps the lock, and may then wait for another: whether it may have it depends on what others keep.
bool depends_on_keepers(const SlotRequest& request);

class LockTable {
 public:
  // How many runs may hold a lock at once; without an entry one.
  explicit LockTable(std::map<std::string, int> sizes) : sizes_(std::move(sizes)) {}

  // The entry must stay where it is until it is released.
  void hold(const SlotEntry& entry);
  void release(const SlotEntry& entry);
  // Of who waits and depends_on_keepers(): others are held against it as if it had what it waits for.
  void join(const SlotEntry& entry) { graph_.add(entry.request, entry.asked); }
  void leave(const SlotEntry& entry) { graph_.remove(entry.request, entry.asked); }

  bool held(const std::string& lock) const { return holders_.contains(lock); }
  // A run counts once, however many of its stages want the lock; these go one after the other.
  bool free_for(const SlotRequest& request) const;
  // Whether no circle of runs that wait for each other can come of it.
  bool safe_for(const SlotEntry& entry) const;
  // The run with which such a circle would be closed.
  std::optional<RunId> in_the_way(const SlotEntry& entry) const;
  // The runs that alone may be given the lock now; nothing: everybody may.
  std::optional<std::set<RunId>> only_for(const std::string& lock) const;
  // Runs that may hold every lock.
  const std::set<RunId>& unreadable() const { return unreadable_; }

 private:
  int size_of(const std::string& lock) const;

  std::map<std::string, int> sizes_;
  std::map<std::string, std::vector<const SlotEntry*>> holders_;  // by lock
  std::set<RunId> unreadable_;
  LockGraph graph_;
};

}  // namespace quietgate
