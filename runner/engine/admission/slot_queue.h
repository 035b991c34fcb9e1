// Stages in line for the same thing, and the order in which they are served. Those of protected branches go first, but
// pass nobody for ever; then the repository that holds the fewest places, in it the branch that does; among equals the
// one whose turn is longest ago. Within a branch the oldest run.
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

// A stage in line, later at work; or a run with what it keeps.
struct SlotEntry {
  SlotRequest request;
  std::uint64_t asked = 0;
  bool granted = false;
  bool kept = false;
  bool holds_every_lock = false;  // its rows can't be read: it might
  std::function<void()> when_granted{};
  std::list<SlotEntry>::iterator self{};  // where its owner has it
};

using SlotEntries = std::vector<const SlotEntry*>;
using BranchName = std::pair<std::string, std::string>;  // of a repository
inline BranchName branch_of(const SlotRequest& request) {
  return {request.run.repository, request.branch};
}

// Stages of protected branches that may pass one of another in a row.
constexpr int most_passed = 4;

// Who had a turn, counted in grants.
struct GrantHistory {
  std::map<std::string, std::uint64_t> repositories;
  std::map<BranchName, std::uint64_t> branches;
  int passed = 0;  // stages of protected branches in a row that went before one of another

  // `passes`: a stage of an unprotected branch could have had it.
  void add(const SlotRequest& request, std::uint64_t when, bool passes);
};
// Who holds how many places.
struct PlacesHeld {
  std::map<std::string, int> repositories;
  std::map<BranchName, int> branches;
};

// In the order in which they will be served, as far as it can be known now.
SlotEntries in_line(const SlotEntries& entries, const GrantHistory& grants, const PlacesHeld& held);

struct Choice {
  const SlotEntry* first = nullptr;
  bool passes = false;  // the first goes before one of an unprotected branch
};
// The first of them: null when there is none.
Choice first_in_line(const SlotEntries& entries, const GrantHistory& grants, const PlacesHeld& held);

class SlotQueue {
 public:
  using Test = std::function<bool(const SlotEntry&)>;
  // Of each branch at most one of those who need a place and one of the others: enough to know who is served next.
  struct Heads {
    SlotEntries able;
    bool lack_place = false;  // some were not looked at for want of a place
  };

  void join(const SlotEntry& entry);
  void leave(const SlotEntry& entry);
  bool empty() const { return queues_.empty(); }
  // The first who may have it. `has_place` is asked once for those of a branch who need a place, and once for those who
  // don't; `may` until somebody may.
  Heads heads(const Test& has_place, const Test& may) const;
  // Likewise, but only of one run; added to `heads`.
  void heads_of(const RunId& run, const Test& has_place, const Test& may, Heads& heads) const;

 private:
  using Queue = std::map<std::pair<std::int64_t, std::uint64_t>, const SlotEntry*>;  // by the run's number, then asked
  using Kind = std::tuple<std::string, std::string, bool>;  // repository, branch, whether a place is needed
  static void look(Queue::const_iterator from, Queue::const_iterator to, const Test& has_place, const Test& may,
                   Heads& heads);

  std::map<Kind, Queue> queues_;
};

}  // namespace quietgate
