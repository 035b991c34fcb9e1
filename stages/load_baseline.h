// Loads compared with other loads (exact one-sided Mann-Whitney test and Hodges-Lehmann shift, statistics.h).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/core/outcome.h"
#include "runner/core/plan.h"
#include "runner/core/result.h"
#include "runner/ports/journal.h"
#include "runner/ports/stage.h"

namespace quietgate {

// A value of each load, by measure.
using LoadMeasures = std::map<std::string, std::vector<double>>;

// A check for each measure: failed when the candidates are worse (p <= 0.05) by more than the margin, a warning that
// passes when they are worse by less, and said to be not enough data (passed: the absolute bounds decide) with fewer
// than five loads on a side. `others` names the base: `promoted commits`.
std::vector<Check> judge_baseline(const LoadBaseline& spec, const LoadMeasures& base, const LoadMeasures& candidates,
                                  const std::string& others);

// The loads of this stage in the last promoted runs (at most five) of the same pipeline, whose course was the same.
// None is no error.
Result<LoadMeasures> promoted_loads(Catalog& catalog, const StageRequest& request);

}  // namespace quietgate
