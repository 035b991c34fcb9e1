#include "runner/engine/stuck_branches.h"

#include <algorithm>
#include <utility>

namespace quietgate {

void StuckBranches::keep_only(const std::vector<RefMoved>& moves) {
  std::map<std::string, Stuck> kept;
  for (const auto& move : moves) {
    if (contains(move)) kept.insert(stuck_.extract(move.branch));
  }
  stuck_ = std::move(kept);
}

bool StuckBranches::contains(const RefMoved& move) const {
  const auto found = stuck_.find(move.branch);
  return found != stuck_.end() && found->second.commit == move.to;
}

const RefMoved* StuckBranches::due(const std::vector<RefMoved>& moves, Time now) const {
  const RefMoved* first = nullptr;
  auto earliest = now;
  for (const auto& move : moves) {
    const auto found = stuck_.find(move.branch);
    if (found == stuck_.end() || found->second.next > earliest) continue;
    earliest = found->second.next;
    first = &move;
  }
  return first;
}

const StuckBranches::Failure& StuckBranches::add(const RefMoved& move, Error error, Milliseconds interval, Time now) {
  constexpr Milliseconds longest{300'000};
  auto& stuck = stuck_[move.branch];
  if (stuck.commit != move.to) stuck = {move.to, {}, {}};
  stuck.failure.error = std::move(error);
  auto delay = interval;
  for (int i = 0; i < stuck.failure.times && delay < longest; ++i) delay *= 2;
  ++stuck.failure.times;
  stuck.next = now + std::min(delay, std::max(longest, interval));
  return stuck.failure;
}

}  // namespace quietgate
