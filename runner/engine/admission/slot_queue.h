// Stages that wait for the same resource, and the order in which they are granted. Protected branches go first, but do
// not starve others. Then comes the repository that holds the fewest slots, and in it the branch that holds the fewest;
// among equals, the one whose last grant is longest ago. Within a branch, the oldest run.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "runner/engine/admission/slot_request.h"

namespace quietgate {

// A waiting or running stage, or a run with a kept lock.
struct SlotEntry {
  SlotRequest request;
  std::uint64_t asked = 0;
  bool granted = false;
  bool kept = false;
  bool holds_every_lock = false;  // its rows can't be read, so it might hold any lock
  std::function<void()> when_granted{};
  std::list<SlotEntry>::iterator self{};  // position in its owner's list
};

using SlotEntries = std::vector<const SlotEntry*>;
using BranchName = std::pair<std::string, std::string>;  // of a repository
inline BranchName branch_of(const SlotRequest& request) {
  return {request.run.repository, request.branch};
}

// How many stages of protected branches may overtake a waiting stage in a row.
constexpr int most_passed = 4;

// The last grants of branches, counted in grants.
struct GrantHistory {
  std::map<std::string, std::uint64_t> repositories;
  std::map<BranchName, std::uint64_t> branches;
  int passed = 0;  // stages of protected branches in a row that overtook another stage

  // `passes`: a stage of an unprotected branch could have been granted.
  void add(const SlotRequest& request, std::uint64_t when, bool passes);
};
// How many slots repositories and branches hold.
struct SlotsHeld {
  std::map<std::string, int> repositories;
  std::map<BranchName, int> branches;
};

// In the expected order of grants, as far as it is known now.
SlotEntries in_line(const SlotEntries& entries, const GrantHistory& grants, const SlotsHeld& held);

struct Choice {
  const SlotEntry* first = nullptr;
  bool passes = false;  // the first overtakes a stage of an unprotected branch
};
// The first in that order; null if there is none.
Choice first_in_line(const SlotEntries& entries, const GrantHistory& grants, const SlotsHeld& held);

class SlotQueue {
 public:
  using Test = std::function<bool(const SlotEntry&)>;
  // For each branch, at most one stage that needs a slot and one that does not: enough to choose the next grant.
  struct Heads {
    SlotEntries able;
    bool lack_slot = false;  // some were skipped because no slot is free
  };

  void join(const SlotEntry& entry);
  void leave(const SlotEntry& entry);
  bool empty() const { return queues_.empty(); }
  // The first stages that may be granted. `has_slot` is called once per branch for stages that need a slot, and once
  // for those that don't; `may` is called until one may.
  Heads heads(const Test& has_slot, const Test& may) const;
  // The same for one run only; added to `heads`.
  void heads_of(const RunId& run, const Test& has_slot, const Test& may, Heads& heads) const;

 private:
  using Queue =
      std::map<std::pair<std::int64_t, std::uint64_t>, const SlotEntry*>;  // by run number, then order of request
  using Kind = std::tuple<std::string, std::string, bool>;  // repository, branch, whether a slot is needed
  static void look(Queue::const_iterator from, Queue::const_iterator to, const Test& has_slot, const Test& may,
                   Heads& heads);

  std::map<Kind, Queue> queues_;
};

}  // namespace quietgate
