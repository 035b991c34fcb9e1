#include "runner/engine/work_left.h"

#include <algorithm>

#include "runner/model/next.h"

namespace quietgate {

bool nothing_left(const RunState& state) {
  const auto actions = next(state, {});
  return std::any_of(actions.begin(), actions.end(), [](const Action& a) { return a.kind == Action::Kind::finish; });
}

bool under_way(const RunState& state) {
  return std::any_of(state.stages.begin(), state.stages.end(), [](const auto& entry) {
    return entry.second.status == StageStatus::running || entry.second.status == StageStatus::awaiting_approval;
  });
}

}  // namespace quietgate
