#include "stages/gate/proofs_layers.h"

#include <fmt/format.h>

#include <algorithm>

namespace quietgate {

Finding prove_layers(const std::vector<std::string>& layers, const GateEvidence& evidence,
                     const std::vector<Finding>& others, bool without_rules) {
  std::vector<std::string> problems;
  std::string detail;
  const LoadedIndex loaded(evidence);
  for (const auto& layer : layers) {
    int live = 0, unreliable = 0;
    for (const auto& rule : evidence.rules) {
      auto label = rule.labels.find("layer");
      if (!in_scope(rule) || label == rule.labels.end() || label->second != layer) continue;
      const bool doubtful = (!without_rules && loaded.as(rule).empty()) ||
                            std::any_of(others.begin(), others.end(), [&](const Finding& other) {
                              return other.unreliable.contains({rule.group, rule.name});
                            });
      ++(doubtful ? unreliable : live);
    }
    detail += fmt::format("{}{} {}", detail.empty() ? "" : ", ", layer, live);
    if (live > 0) continue;
    problems.push_back(fmt::format("no live rule of layer \"{}\"", layer) +
                       (unreliable > 0 ? fmt::format(" (the commit has {}: none can be relied on)", unreliable)
                                       : std::string(" (no alert has this label)")));
  }
  return conclude("LAYER", "every layer has a live rule", std::move(problems), std::move(detail));
}

}  // namespace quietgate
