// The trigger rule: which ref moves ask for a run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/core/event.h"
#include "runner/core/types.h"

namespace quietgate {

// Glob on `/`-separated text: `*` and `?` stay within a part, `**` crosses parts, `[a-z]` and `[!a]` are sets,
// `{a,b}` alternatives. Linear time in practice: no exponential backtracking.
bool glob_matches(std::string_view pattern, std::string_view text);
bool any_glob_matches(const std::vector<std::string>& patterns, std::string_view text);

struct TriggerRules {
  std::vector<std::string> branches{"main"};
  std::vector<std::string> paths{"**"};
  std::vector<std::string> ignore_paths;
};

// Whether a run is wanted when these paths changed. `reason` says why not.
struct TriggerDecision {
  bool run = false;
  std::string reason;
};
TriggerDecision decide(const TriggerRules& rules, const std::string& branch,
                       const std::vector<std::string>& changed_paths, bool changes_known);

}  // namespace quietgate
