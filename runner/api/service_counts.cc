#include "runner/api/service_counts.h"

namespace quietgate {

void ServiceCounts::observe(const Row& row) {
  if (const auto* finished = std::get_if<RunFinished>(&row.event)) ++runs_by_outcome[to_string(finished->outcome)];
  if (const auto* finished = std::get_if<StageFinished>(&row.event))
    ++stages_by_outcome[to_string(finished->outcome.outcome)];
  if (std::holds_alternative<CommitPromoted>(row.event)) ++promotions;
}

}  // namespace quietgate
