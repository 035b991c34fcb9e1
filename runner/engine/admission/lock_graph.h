// Runs that keep locks between their stages, the locks that they may still request, and whether they could end up
// waiting for each other. It also contains runs that wait to keep a lock: a new request is checked against earlier
// requests as if these had been granted.
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
  // `asked`: the number of the request, from 1; 0: the run has the lock. The request must stay at its address until it
  // is removed with the same `asked`.
  void add(const SlotRequest& request, std::uint64_t asked);
  void remove(const SlotRequest& request, std::uint64_t asked);

  bool keeps(const RunId& run) const;  // whether it keeps a lock now
  // The run that would close a cycle of waits if this request were granted; nothing if there would be none. `now`
  // considers runs that keep a lock, `before` also earlier requests. Fast if no other run keeps a lock that the
  // request's run may request later.
  std::optional<RunId> cycle_now(const SlotRequest& request) const { return cycle(request, 1); }
  std::optional<RunId> cycle_before(const SlotRequest& request, std::uint64_t asked) const {
    return cycle(request, asked);
  }

 private:
  using Requests = std::set<std::pair<std::uint64_t, const SlotRequest*>>;  // in order of request
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
