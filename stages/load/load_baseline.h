// Loads compared with other loads (exact one-sided Mann-Whitney test and Hodges-Lehmann shift, statistics.h).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/outcome.h"
#include "runner/ports/journal.h"
#include "runner/ports/stage.h"
#include "stages/load/load_spec.h"

namespace quietgate {

// A value of each load, by measure.
using LoadMeasures = std::map<std::string, std::vector<double>>;

// What loads are compared with.
struct LoadBase {
  std::string name;                // for sentences: `promoted commits`, the other service
  std::vector<LoadMeasures> runs;  // oldest first; of a service that was loaded in turns with the candidates: one
  bool alternating = false;        // what else changed met both alike
};

// A check for each measure: failed when the candidates are worse (q <= 0.05, adjusted for the number of measures) by
// more than the margin, and, unless it was in turns, when their median is also worse by more than the margin than the
// worst median of at least five runs: loads of one run resemble each other, so that their number proves less than the
// test takes it for. Else what is worse is a warning that passes. With fewer than five loads on a side it is said to be
// not enough data (passed: the absolute bounds decide), but inconclusive when the candidates' loads took place and are
// `lacking` the measure, with the reason.
std::vector<Check> judge_baseline(const LoadBaseline& spec, const LoadBase& base, const LoadMeasures& candidates,
                                  const std::map<std::string, std::string>& lacking);

// The loads of this stage in the last promoted runs (at most five) of the same pipeline, whose course was the same;
// oldest first. None is no error.
Task<Result<std::vector<LoadMeasures>>> promoted_loads(Catalog& catalog, const StageRequest& request);

}  // namespace quietgate
