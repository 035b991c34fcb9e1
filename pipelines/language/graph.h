// The stages as a graph: needs, cycles, order, and whether a stage may mention values of another.
#pragma once

#include <string>
#include <vector>

#include "pipelines/language/stage_reader.h"
#include "pipelines/yaml/diagnostics.h"

namespace quietgate {

inline constexpr std::size_t max_expanded_stages = 1000;

// Whether a stage that promotes or releases must come after the tests. Not enforced for a rollback, which runs only the
// promote and release stages of a file.
enum class OrderRule { enforced, not_asked };

// The stages (at most max_expanded_stages) in an order in which every need comes before its user, otherwise as in the
// file; a need on a stage with a matrix is a need on each of its expansions. Errors become diagnostics.
std::vector<StageSpec> order_stages(std::vector<StageDraft> drafts, OrderRule order, const Scope& scope,
                                    Diagnostics& diagnostics);

// The order of items that need each other by index: a full order, or a cycle.
struct Ordering {
  std::vector<std::size_t> order;
  std::vector<std::size_t> cycle;  // each needs the next, the last needs the first; empty: no cycle
};
Ordering order_by_needs(const std::vector<std::vector<std::size_t>>& needs);

}  // namespace quietgate
