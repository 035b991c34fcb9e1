// What Slots must do, said in the plainest way: after each change everybody who waits is looked at. For tests that hold
// Slots to it; names of claims are numbers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "runner/engine/wish.h"

namespace quietgate {

class PlainSlots {
 public:
  explicit PlainSlots(Limits limits) : limits_(std::move(limits)) {}

  void ask(int name, Wish wish) {
    waiting_.push_back({name, std::move(wish), ++tick_, false});
    grant();
  }
  void take(int name, Wish wish) { held_.push_back({name, std::move(wish), ++tick_, false}); }
  void keep(int name, Wish wish) {
    wish.place = false;
    wish.keeps = true;
    held_.push_back({name, std::move(wish), ++tick_, true});
  }
  void doubt(int name, const RunId& run) {
    keep(name, {run, {}, false, {}, false, {}, Time{}});
    doubts_.emplace(name, run);
  }
  void end(int name) {
    std::string lock;
    for (auto* entries : {&waiting_, &held_}) {
      auto found = std::find_if(entries->begin(), entries->end(), [&](const Entry& e) { return e.name == name; });
      if (found == entries->end()) continue;
      lock = found->wish.lock;
      entries->erase(found);
    }
    doubts_.erase(name);
    grant();
    auto wants = [&](const Entry& e) { return e.wish.lock == lock; };
    for (const auto* entries : {&waiting_, &held_}) {
      if (std::any_of(entries->begin(), entries->end(), wants)) return;
    }
    lock_turns_.erase(lock);
  }
  bool waits(const RunId& run) const {
    return std::any_of(waiting_.begin(), waiting_.end(), [&](const Entry& e) { return e.wish.run == run; });
  }
  std::vector<int> granted;  // in order

 private:
  struct Entry {
    int name = 0;
    Wish wish;
    std::uint64_t asked = 0;
    bool kept = false;
  };
  using Entries = std::vector<Entry>;
  using Turns = std::map<std::string, std::uint64_t>;

  // Of runs that keep locks: which, and what they may still ask for.
  struct Graph {
    std::map<RunId, std::set<std::string>> kept;
    std::map<RunId, std::set<std::string>> later;

    void add(const Wish& wish) {
      kept[wish.run].insert(wish.lock);
      later[wish.run].insert(wish.later.begin(), wish.later.end());
    }
    std::set<RunId> ahead_of(const RunId& run) const {
      std::set<RunId> ahead;
      for (const auto& [other, locks] : kept) {
        for (const auto& lock : locks) {
          if (later.at(run).contains(lock) && !kept.at(run).contains(lock)) ahead.insert(other);
        }
      }
      return ahead;
    }
    bool kept_by_any(const std::string& lock) const {
      return std::any_of(kept.begin(), kept.end(), [&](const auto& each) { return each.second.contains(lock); });
    }
    bool circle_with(const Wish& wish) const {
      // What the run said with earlier wishes counts no more when it may ask for none of what is kept now.
      auto kept_by_others = [&](const std::string& lock) { return lock != wish.lock && kept_by_any(lock); };
      if (std::none_of(wish.later.begin(), wish.later.end(), kept_by_others)) return false;
      auto then = *this;
      then.add(wish);
      auto open = then.ahead_of(wish.run);
      for (std::set<RunId> seen; !open.empty();) {
        const auto run = open.extract(open.begin()).value();
        if (run == wish.run) return true;
        if (seen.insert(run).second) open.merge(then.ahead_of(run));
      }
      return false;
    }
  };

  bool place_free(const Wish& wish) const {
    int all = 0;
    int own = 0;
    for (const auto& entry : held_) {
      if (!entry.wish.place) continue;
      ++all;
      own += entry.wish.run.repository == wish.run.repository ? 1 : 0;
    }
    auto limit = limits_.repositories.find(wish.run.repository);
    return !wish.place || (all < limits_.stages && (limit == limits_.repositories.end() || own < limit->second));
  }
  bool lock_free(const Wish& wish) const {
    for (const auto& [name, run] : doubts_) {
      if (run != wish.run) return false;
    }
    std::set<RunId> holders;
    for (const auto& entry : held_) {
      if (entry.wish.lock != wish.lock) continue;
      if (entry.wish.run == wish.run && !entry.kept) return false;
      holders.insert(entry.wish.run);
    }
    auto size = limits_.locks.find(wish.lock);
    return holders.contains(wish.run) || holders.size() < (size == limits_.locks.end() ? 1u : unsigned(size->second));
  }

  const Entry* first(const std::vector<const Entry*>& able, Turns& turns) const {
    std::map<std::string, const Entry*> oldest;
    for (const auto* entry : able) {
      auto& of = oldest[entry->wish.run.repository];
      if (of == nullptr || std::tie(entry->wish.run.number, entry->asked) < std::tie(of->wish.run.number, of->asked))
        of = entry;
    }
    const Entry* found = nullptr;
    for (const auto& [repository, entry] : oldest) {
      if (found == nullptr ||
          std::tie(turns[repository], entry->asked) < std::tie(turns[found->wish.run.repository], found->asked))
        found = entry;
    }
    return found;
  }
  const Entry* pick() {
    Graph now;
    for (const auto& entry : held_) {
      if (entry.wish.keeps && !entry.wish.lock.empty()) now.add(entry.wish);
    }
    auto before = now;
    std::vector<const Entry*> able;
    std::map<std::string, std::vector<const Entry*>> for_lock;
    for (const auto& entry : waiting_) {
      const auto& wish = entry.wish;
      if (wish.lock.empty()) {
        if (place_free(wish)) able.push_back(&entry);
        continue;
      }
      const bool safe =
          !wish.keeps || (!now.circle_with(wish) && (now.kept.contains(wish.run) || !before.circle_with(wish)));
      if (place_free(wish) && lock_free(wish) && safe) for_lock[wish.lock].push_back(&entry);
      if (wish.keeps && wish.later.size() > wish.later.count(wish.lock)) before.add(wish);
    }
    for (const auto& [lock, entries] : for_lock) able.push_back(first(entries, lock_turns_[lock]));
    return first(able, repository_turns_);
  }
  void grant() {
    while (const auto* picked = pick()) {
      const auto entry = *picked;
      std::erase_if(waiting_, [&](const Entry& e) { return e.name == entry.name; });
      held_.push_back(entry);
      granted.push_back(entry.name);
      repository_turns_[entry.wish.run.repository] = ++tick_;
      if (!entry.wish.lock.empty()) lock_turns_[entry.wish.lock][entry.wish.run.repository] = tick_;
    }
  }

  Limits limits_;
  Entries waiting_;
  Entries held_;
  std::map<int, RunId> doubts_;
  Turns repository_turns_;
  std::map<std::string, Turns> lock_turns_;
  std::uint64_t tick_ = 0;
};

}  // namespace quietgate
