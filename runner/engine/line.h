// Stages in line for the same thing, and the order in which they are served: the repository whose turn is longest ago
// goes first, within a repository the oldest run.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runner/engine/wish.h"

namespace quietgate {

// A stage in line, later at work; or a run with what it keeps.
struct Claimant {
  Wish wish;
  std::uint64_t asked = 0;
  bool granted = false;
  bool kept = false;
  bool doubt = false;
  std::function<void()> when_granted{};
  std::list<Claimant>::iterator self{};  // where its owner has it
};

using Claimants = std::vector<const Claimant*>;
using GivenAt = std::map<std::string, std::uint64_t>;  // by repository: when it was last given something

// In the order in which they will be served, as far as it can be known now.
Claimants in_line(const Claimants& claimants, const GivenAt& given);

class Line {
 public:
  using Test = std::function<bool(const Claimant&)>;
  // Of each repository at most one of those who need a place and one of the others: enough to know who is served next.
  struct Heads {
    Claimants able;
    bool lack_place = false;  // some were not looked at for want of a place
  };

  void join(const Claimant& claimant);
  void leave(const Claimant& claimant);
  bool empty() const { return queues_.empty(); }
  // The first who may have it. `has_place` is asked once for those of a repository who need a place, and once for those
  // who don't; `may` until somebody may.
  Heads heads(const Test& has_place, const Test& may) const;
  // Likewise, but only of one run; added to `heads`.
  void heads_of(const RunId& run, const Test& has_place, const Test& may, Heads& heads) const;

 private:
  using Queue = std::map<std::pair<std::int64_t, std::uint64_t>, const Claimant*>;  // by the run's number, then asked
  static void look(Queue::const_iterator from, Queue::const_iterator to, const Test& has_place, const Test& may,
                   Heads& heads);

  std::map<std::pair<std::string, bool>, Queue> queues_;  // by repository, and whether a place is needed
};

}  // namespace quietgate
