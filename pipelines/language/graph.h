// The stages as a graph: needs, cycles, order, and whether what a stage mentions of others can be known to it.
#pragma once

#include <string>
#include <vector>

#include "pipelines/language/stage_reader.h"
#include "pipelines/yaml/diagnostics.h"

namespace quietgate {

inline constexpr std::size_t max_expanded_stages = 1000;

// Whether a stage that promotes, or deploys what is kept, must come after the tests: not asked of a file of which only
// what puts a release back is run.
enum class OrderRule { enforced, not_asked };

// The stages (at most max_expanded_stages) in an order in which every need comes before its user, otherwise as in the
// file; a need on a stage with a matrix is a need on each of its expansions. Leaves a diagnostic for whatever is wrong.
std::vector<StageSpec> order_stages(std::vector<StageDraft> drafts, OrderRule order, const Scope& scope,
                                    Diagnostics& diagnostics);

// One step of the order of things that need each other by index: everything in an order, or a cycle.
struct Ordering {
  std::vector<std::size_t> order;
  std::vector<std::size_t> cycle;  // each needs the next, the last needs the first; empty: there is none
};
Ordering order_by_needs(const std::vector<std::vector<std::size_t>>& needs);

}  // namespace quietgate
