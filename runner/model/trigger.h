// The trigger rule: which ref moves ask for a run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runner/base/glob.h"
#include "runner/model/event.h"
#include "runner/model/types.h"

namespace quietgate {

struct TriggerRules {
  std::vector<std::string> branches{"main"};
  std::vector<std::string> paths{"**"};
  std::vector<std::string> ignore_paths;
};

// Whether a run is wanted when these paths changed. `reason` says why not. Rules that let every path through want a run
// even for a commit that changes nothing. `changes_known` false (no earlier run): a matching branch is enough. `ended`
// is asked now and then: when it says that this takes too long, a run is wanted.
struct TriggerDecision {
  bool run = false;
  std::string reason;
};
TriggerDecision decide(const TriggerRules& rules, const std::string& branch,
                       const std::vector<std::string>& changed_paths, bool changes_known,
                       const std::function<bool()>& ended = {});

}  // namespace quietgate
