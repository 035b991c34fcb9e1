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
    Branch branch;
    for (auto* entries : {&waiting_, &held_}) {
      auto found = std::find_if(entries->begin(), entries->end(), [&](const Entry& e) { return e.name == name; });
      if (found == entries->end()) continue;
      lock = found->wish.lock;
      branch = {found->wish.run.repository, found->wish.branch};
      entries->erase(found);
    }
    doubts_.erase(name);
    grant();
    if (!any([&](const Entry& e) { return e.wish.lock == lock; })) lock_turns_.erase(lock);
    if (any([&](const Entry& e) { return Branch(e.wish.run.repository, e.wish.branch) == branch; })) return;
    turns_.branches.erase(branch);
    for (auto& [of, turns] : lock_turns_) turns.branches.erase(branch);
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
  using Branch = std::pair<std::string, std::string>;
  struct Turns {
    std::map<std::string, std::uint64_t> repositories;
    std::map<Branch, std::uint64_t> branches;
    int passed = 0;
  };

  bool any(const auto& fits) const {
    return std::any_of(waiting_.begin(), waiting_.end(), fits) || std::any_of(held_.begin(), held_.end(), fits);
  }
  int places(const auto& fits) const {
    return static_cast<int>(
        std::count_if(held_.begin(), held_.end(), [&](const Entry& e) { return e.wish.place && fits(e.wish); }));
  }

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

  static int kept(int places) { return places == 1 ? 0 : std::max(1, places / 4); }
  bool place_free(const Wish& wish) const {
    auto everybody = [](const Wish&) { return true; };
    auto own = [&](const Wish& of) { return of.run.repository == wish.run.repository; };
    auto fits = [&](int limit, const auto& counts) {
      auto others = [&](const Wish& of) { return counts(of) && of.unprotected; };
      return places(counts) < limit && (!wish.unprotected || places(others) < limit - kept(limit));
    };
    auto limit = limits_.repositories.find(wish.run.repository);
    return !wish.place ||
           (fits(limits_.stages, everybody) && (limit == limits_.repositories.end() || fits(limit->second, own)));
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

  // Of one branch the oldest run, of one repository the branch with the fewest places, of all likewise.
  const Entry* first_of(const std::vector<const Entry*>& able, Turns& turns, bool by_places) const {
    auto held = [&](const auto& fits) { return by_places ? places(fits) : 0; };
    std::map<Branch, const Entry*> of_branch;
    for (const auto* entry : able) {
      auto& of = of_branch[{entry->wish.run.repository, entry->wish.branch}];
      if (of == nullptr || std::tie(entry->wish.run.number, entry->asked) < std::tie(of->wish.run.number, of->asked))
        of = entry;
    }
    using Rank = std::tuple<int, std::uint64_t, std::uint64_t>;
    std::map<std::string, std::pair<Rank, const Entry*>> of_repository;
    for (const auto& [branch, entry] : of_branch) {
      auto own = [&](const Wish& of) { return Branch(of.run.repository, of.branch) == branch; };
      const Rank rank{held(own), turns.branches[branch], entry->asked};
      auto [of, fresh] = of_repository.try_emplace(branch.first, rank, entry);
      if (!fresh && rank < of->second.first) of->second = {rank, entry};
    }
    const Entry* found = nullptr;
    Rank best;
    for (const auto& [repository, of] : of_repository) {
      auto own = [&](const Wish& wish) { return wish.run.repository == repository; };
      const Rank rank{held(own), turns.repositories[repository], of.second->asked};
      if (found == nullptr || rank < best) std::tie(best, found) = std::tie(rank, of.second);
    }
    return found;
  }
  struct Choice {
    const Entry* entry = nullptr;
    bool passes = false;
  };
  Choice first(const std::vector<const Entry*>& able, Turns& turns, bool by_places) const {
    std::vector<const Entry*> kinds[2];
    for (const auto* entry : able) kinds[entry->wish.unprotected ? 1 : 0].push_back(entry);
    const bool both = !kinds[0].empty() && !kinds[1].empty();
    if (both && turns.passed >= 4) return {first_of(kinds[1], turns, by_places), false};
    return {first_of(kinds[0].empty() ? kinds[1] : kinds[0], turns, by_places), both};
  }
  static void give(Turns& turns, const Wish& wish, std::uint64_t when, bool passes) {
    turns.repositories[wish.run.repository] = when;
    turns.branches[{wish.run.repository, wish.branch}] = when;
    turns.passed = wish.unprotected ? 0 : turns.passed + (passes ? 1 : 0);
  }
  struct Picked {
    Choice choice;
    bool passes_at_lock = false;
  };
  Picked pick() {
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
    std::set<const Entry*> passing;
    for (const auto& [lock, entries] : for_lock) {
      const auto choice = first(entries, lock_turns_[lock], false);
      able.push_back(choice.entry);
      if (choice.passes) passing.insert(choice.entry);
    }
    const auto choice = first(able, turns_, true);
    return {choice, passing.contains(choice.entry)};
  }
  void grant() {
    for (auto picked = pick(); picked.choice.entry != nullptr; picked = pick()) {
      const auto entry = *picked.choice.entry;
      std::erase_if(waiting_, [&](const Entry& e) { return e.name == entry.name; });
      held_.push_back(entry);
      granted.push_back(entry.name);
      give(turns_, entry.wish, ++tick_, picked.choice.passes);
      if (!entry.wish.lock.empty()) give(lock_turns_[entry.wish.lock], entry.wish, tick_, picked.passes_at_lock);
    }
  }

  Limits limits_;
  Entries waiting_;
  Entries held_;
  std::map<int, RunId> doubts_;
  Turns turns_;
  std::map<std::string, Turns> lock_turns_;
  std::uint64_t tick_ = 0;
};

}  // namespace quietgate
