#include "runner/engine/admission/lock_table.h"

namespace quietgate {

bool depends_on_keepers(const SlotRequest& request) {
  return request.keeps && request.later.size() > request.later.count(request.lock);
}

int LockTable::size_of(const std::string& lock) const {
  auto found = sizes_.find(lock);
  return found == sizes_.end() ? 1 : found->second;
}

void LockTable::hold(const SlotEntry& entry) {
  if (entry.holds_every_lock) unreadable_.insert(entry.request.run);
  if (entry.request.lock.empty()) return;
  holders_[entry.request.lock].push_back(&entry);
  if (entry.request.keeps) graph_.add(entry.request, 0);
}

void LockTable::release(const SlotEntry& entry) {
  if (entry.holds_every_lock) unreadable_.erase(entry.request.run);
  if (entry.request.lock.empty()) return;
  auto holders = holders_.find(entry.request.lock);
  std::erase(holders->second, &entry);
  if (holders->second.empty()) holders_.erase(holders);
  if (entry.request.keeps) graph_.remove(entry.request, 0);
}

bool LockTable::free_for(const SlotRequest& request) const {
  if (unreadable_.size() > unreadable_.count(request.run)) return false;
  auto holders = holders_.find(request.lock);
  if (holders == holders_.end()) return true;
  std::set<RunId> runs;
  for (const auto* entry : holders->second) {
    if (entry->request.run == request.run && !entry->kept) return false;
    runs.insert(entry->request.run);
  }
  return runs.contains(request.run) || static_cast<int>(runs.size()) < size_of(request.lock);
}

// Who keeps something already goes by what is kept; who doesn't also leaves room for those who asked before. There, a
// keeper seems to have what it still waits for, so that both count.
bool LockTable::safe_for(const SlotEntry& entry) const {
  return !depends_on_keepers(entry.request) || !in_the_way(entry);
}

std::optional<RunId> LockTable::in_the_way(const SlotEntry& entry) const {
  const auto& request = entry.request;
  if (request.lock.empty() || !request.keeps) return std::nullopt;
  if (auto now = graph_.cycle_now(request)) return now;
  if (graph_.keeps(request.run)) return std::nullopt;
  return graph_.cycle_before(request, entry.asked);
}

std::optional<std::set<RunId>> LockTable::only_for(const std::string& lock) const {
  if (unreadable_.size() > 1) return std::set<RunId>();
  if (!unreadable_.empty()) return unreadable_;
  const auto holders = holders_.find(lock);
  if (holders == holders_.end()) return std::nullopt;
  std::set<RunId> runs;
  for (const auto* entry : holders->second) runs.insert(entry->request.run);
  if (static_cast<int>(runs.size()) < size_of(lock)) return std::nullopt;
  return runs;
}

}  // namespace quietgate
