// A mirror gets one pack with every fetch, and every read looks through all of them. When they are many, the small ones
// become one. Nothing is pruned: the new pack holds every object of the old ones.
//
//   write the new pack, whole and synced -> note which ones it replaces -> remove those, some time later
//
// Readers of the moment have the old packs' indices open and may open the packs themselves later: that is why they stay
// for a while. A crash anywhere leaves each object in at least one pack; a note that was lost costs a second writing.
#pragma once

#include <chrono>
#include <functional>

#include "runner/adapters/git/git_handles.h"
#include "runner/model/types.h"

namespace quietgate {

struct ConsolidationLimits {
  std::size_t packs = 50;             // more small ones than that are too many
  std::uint64_t small = 32ULL << 20;  // bytes; larger packs are left as they are
  Milliseconds patience{60'000};      // then it is given up
  std::chrono::minutes keep{15};      // how long replaced packs stay
};

enum class Consolidation { not_needed, done, given_up, failed };

// Needs no lock: beside it packs may be added, but only by it are they removed. One at a time for a mirror. `stop` is
// asked all the time: true gives up, leaving the mirror as it was.
Consolidation consolidate(git_repository* mirror, const ConsolidationLimits& limits, const std::function<bool()>& stop);

}  // namespace quietgate
