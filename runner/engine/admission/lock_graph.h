// Runs that keep locks between their stages, what they may still ask for, and whether they could wait for each other.
// Beside those who keep a lock now it knows who waits to keep one: a run that asks for something is also held against
// those who asked before it, as if they had what they wait for.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "runner/engine/admission/slot_request.h"

namespace quietgate {

class LockGraph {
 public:
  // `asked`: when it asked for the lock, counted from 1; 0: it has the lock. The request must stay where it is until it
  // is removed with the same `asked`.
  void add(const SlotRequest& request, std::uint64_t asked);
  void remove(const SlotRequest& request, std::uint64_t asked);

  bool keeps(const RunId& run) const;  // a lock, now
  // The run that would close a cycle of waits if this request were granted; nothing: none would. `now` goes by who
  // keeps a lock, `before` also by who asked before then. Looks at nobody when nobody else keeps what the request's run
  // may ask for later.
  std::optional<RunId> cycle_now(const SlotRequest& request) const { return cycle(request, 1); }
  std::optional<RunId> cycle_before(const SlotRequest& request, std::uint64_t asked) const {
    return cycle(request, asked);
  }

 private:
  using Requests = std::set<std::pair<std::uint64_t, const SlotRequest*>>;  // by when they asked
  struct Needs {
    std::set<std::string> kept;
    std::set<std::string> later;
  };

  std::optional<RunId> cycle(const SlotRequest& request, std::uint64_t before) const;
  bool kept(const std::string& lock, std::uint64_t before) const;
  Needs needs(const RunId& run, std::uint64_t before) const;

  std::map<std::string, Requests> of_lock_;
  std::map<RunId, Requests> of_run_;
};

}  // namespace quietgate
