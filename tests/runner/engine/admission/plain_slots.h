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

#include "runner/engine/admission/slot_request.h"

namespace quietgate {

class PlainSlots {
 public:
  explicit PlainSlots(Limits limits) : limits_(std::move(limits)) {}

  void ask(int name, SlotRequest request) {
    waiting_.push_back({name, std::move(request), ++tick_, false});
    grant();
  }
  void take(int name, SlotRequest request) { held_.push_back({name, std::move(request), ++tick_, false}); }
  void keep(int name, SlotRequest request) {
    request.needs_slot = false;
    request.keeps = true;
    held_.push_back({name, std::move(request), ++tick_, true});
  }
  void hold_every_lock(int name, const RunId& run) {
    keep(name, {run, {}, false, {}, false, {}, Time{}});
    unreadable_.emplace(name, run);
  }
  void end(int name) {
    std::string lock;
    Branch branch;
    for (auto* entries : {&waiting_, &held_}) {
      auto found = std::find_if(entries->begin(), entries->end(), [&](const Entry& e) { return e.name == name; });
      if (found == entries->end()) continue;
      lock = found->request.lock;
      branch = {found->request.run.repository, found->request.branch};
      entries->erase(found);
    }
    unreadable_.erase(name);
    grant();
    if (!any([&](const Entry& e) { return e.request.lock == lock; })) lock_grants_.erase(lock);
    if (any([&](const Entry& e) { return Branch(e.request.run.repository, e.request.branch) == branch; })) return;
    grants_.branches.erase(branch);
    for (auto& [of, grants] : lock_grants_) grants.branches.erase(branch);
  }
  bool waits(const RunId& run) const {
    return std::any_of(waiting_.begin(), waiting_.end(), [&](const Entry& e) { return e.request.run == run; });
  }
  std::vector<int> granted;  // in order

 private:
  struct Entry {
    int name = 0;
    SlotRequest request;
    std::uint64_t asked = 0;
    bool kept = false;
  };
  using Entries = std::vector<Entry>;
  using Branch = std::pair<std::string, std::string>;
  struct Grants {
    std::map<std::string, std::uint64_t> repositories;
    std::map<Branch, std::uint64_t> branches;
    int passed = 0;
  };

  bool any(const auto& fits) const {
    return std::any_of(waiting_.begin(), waiting_.end(), fits) || std::any_of(held_.begin(), held_.end(), fits);
  }
  int places(const auto& fits) const {
    return static_cast<int>(std::count_if(held_.begin(), held_.end(),
                                          [&](const Entry& e) { return e.request.needs_slot && fits(e.request); }));
  }

  // Of runs that keep locks: which, and what they may still ask for.
  struct Graph {
    std::map<RunId, std::set<std::string>> kept;
    std::map<RunId, std::set<std::string>> later;

    void add(const SlotRequest& request) {
      kept[request.run].insert(request.lock);
      later[request.run].insert(request.later.begin(), request.later.end());
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
    bool cycle_with(const SlotRequest& request) const {
      // What the run said with earlier requests counts no more when it may ask for none of what is kept now.
      auto kept_by_others = [&](const std::string& lock) { return lock != request.lock && kept_by_any(lock); };
      if (std::none_of(request.later.begin(), request.later.end(), kept_by_others)) return false;
      auto then = *this;
      then.add(request);
      auto open = then.ahead_of(request.run);
      for (std::set<RunId> seen; !open.empty();) {
        const auto run = open.extract(open.begin()).value();
        if (run == request.run) return true;
        if (seen.insert(run).second) open.merge(then.ahead_of(run));
      }
      return false;
    }
  };

  static int kept(int places) { return places == 1 ? 0 : std::max(1, places / 4); }
  bool place_free(const SlotRequest& request) const {
    auto everybody = [](const SlotRequest&) { return true; };
    auto own = [&](const SlotRequest& of) { return of.run.repository == request.run.repository; };
    auto fits = [&](int limit, const auto& counts) {
      auto others = [&](const SlotRequest& of) { return counts(of) && of.unprotected; };
      return places(counts) < limit && (!request.unprotected || places(others) < limit - kept(limit));
    };
    auto limit = limits_.repositories.find(request.run.repository);
    return !request.needs_slot ||
           (fits(limits_.stages, everybody) && (limit == limits_.repositories.end() || fits(limit->second, own)));
  }
  bool lock_free(const SlotRequest& request) const {
    for (const auto& [name, run] : unreadable_) {
      if (run != request.run) return false;
    }
    std::set<RunId> holders;
    for (const auto& entry : held_) {
      if (entry.request.lock != request.lock) continue;
      if (entry.request.run == request.run && !entry.kept) return false;
      holders.insert(entry.request.run);
    }
    auto size = limits_.locks.find(request.lock);
    return holders.contains(request.run) ||
           holders.size() < (size == limits_.locks.end() ? 1u : unsigned(size->second));
  }

  // Of one branch the oldest run, of one repository the branch with the fewest places, of all likewise.
  const Entry* first_of(const std::vector<const Entry*>& able, Grants& grants, bool by_places) const {
    auto held = [&](const auto& fits) { return by_places ? places(fits) : 0; };
    std::map<Branch, const Entry*> of_branch;
    for (const auto* entry : able) {
      auto& of = of_branch[{entry->request.run.repository, entry->request.branch}];
      if (of == nullptr ||
          std::tie(entry->request.run.number, entry->asked) < std::tie(of->request.run.number, of->asked))
        of = entry;
    }
    using Rank = std::tuple<int, std::uint64_t, std::uint64_t>;
    std::map<std::string, std::pair<Rank, const Entry*>> of_repository;
    for (const auto& [branch, entry] : of_branch) {
      auto own = [&](const SlotRequest& of) { return Branch(of.run.repository, of.branch) == branch; };
      const Rank rank{held(own), grants.branches[branch], entry->asked};
      auto [of, fresh] = of_repository.try_emplace(branch.first, rank, entry);
      if (!fresh && rank < of->second.first) of->second = {rank, entry};
    }
    const Entry* found = nullptr;
    Rank best;
    for (const auto& [repository, of] : of_repository) {
      auto own = [&](const SlotRequest& request) { return request.run.repository == repository; };
      const Rank rank{held(own), grants.repositories[repository], of.second->asked};
      if (found == nullptr || rank < best) std::tie(best, found) = std::tie(rank, of.second);
    }
    return found;
  }
  struct Choice {
    const Entry* entry = nullptr;
    bool passes = false;
  };
  Choice first(const std::vector<const Entry*>& able, Grants& grants, bool by_places) const {
    std::vector<const Entry*> kinds[2];
    for (const auto* entry : able) kinds[entry->request.unprotected ? 1 : 0].push_back(entry);
    const bool both = !kinds[0].empty() && !kinds[1].empty();
    if (both && grants.passed >= 4) return {first_of(kinds[1], grants, by_places), false};
    return {first_of(kinds[0].empty() ? kinds[1] : kinds[0], grants, by_places), both};
  }
  static void give(Grants& grants, const SlotRequest& request, std::uint64_t when, bool passes) {
    grants.repositories[request.run.repository] = when;
    grants.branches[{request.run.repository, request.branch}] = when;
    grants.passed = request.unprotected ? 0 : grants.passed + (passes ? 1 : 0);
  }
  struct Picked {
    Choice choice;
    bool passes_at_lock = false;
  };
  Picked pick() {
    Graph now;
    for (const auto& entry : held_) {
      if (entry.request.keeps && !entry.request.lock.empty()) now.add(entry.request);
    }
    auto before = now;
    std::vector<const Entry*> able;
    std::map<std::string, std::vector<const Entry*>> for_lock;
    for (const auto& entry : waiting_) {
      const auto& request = entry.request;
      if (request.lock.empty()) {
        if (place_free(request)) able.push_back(&entry);
        continue;
      }
      const bool safe = !request.keeps ||
                        (!now.cycle_with(request) && (now.kept.contains(request.run) || !before.cycle_with(request)));
      if (place_free(request) && lock_free(request) && safe) for_lock[request.lock].push_back(&entry);
      if (request.keeps && request.later.size() > request.later.count(request.lock)) before.add(request);
    }
    std::set<const Entry*> passing;
    for (const auto& [lock, entries] : for_lock) {
      const auto choice = first(entries, lock_grants_[lock], false);
      able.push_back(choice.entry);
      if (choice.passes) passing.insert(choice.entry);
    }
    const auto choice = first(able, grants_, true);
    return {choice, passing.contains(choice.entry)};
  }
  void grant() {
    for (auto picked = pick(); picked.choice.entry != nullptr; picked = pick()) {
      const auto entry = *picked.choice.entry;
      std::erase_if(waiting_, [&](const Entry& e) { return e.name == entry.name; });
      held_.push_back(entry);
      granted.push_back(entry.name);
      give(grants_, entry.request, ++tick_, picked.choice.passes);
      if (!entry.request.lock.empty())
        give(lock_grants_[entry.request.lock], entry.request, tick_, picked.passes_at_lock);
    }
  }

  Limits limits_;
  Entries waiting_;
  Entries held_;
  std::map<int, RunId> unreadable_;
  Grants grants_;
  std::map<std::string, Grants> lock_grants_;
  std::uint64_t tick_ = 0;
};

}  // namespace quietgate
