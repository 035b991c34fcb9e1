#include "stages/gate/alert_episodes.h"

#include <algorithm>
#include <map>

namespace quietgate {

std::string Episode::name() const {
  std::string inside;
  for (const auto& [label, value] : labels) {
    if (label == "severity" || label == "layer" || label == "rules_sha") continue;
    inside += (inside.empty() ? "" : ", ") + label + "=\"" + value + "\"";
  }
  return inside.empty() ? rule : rule + " {" + inside + "}";
}

std::vector<Episode> episodes_of(const std::vector<Series>& alerts,
                                 const std::function<double(const std::string& rule)>& interval_of, double until) {
  std::map<Labels, std::map<double, bool>> moments;  // true: firing
  for (const auto& series : alerts) {
    auto labels = series.labels;
    const bool firing = labels["alertstate"] == "firing";
    labels.erase("alertstate");
    labels.erase("__name__");
    auto& of_alert = moments[labels];
    for (const auto& sample : series.samples) {
      if (sample.time <= until) of_alert[sample.time] = of_alert[sample.time] || firing;
    }
  }
  std::vector<Episode> all;
  for (const auto& [labels, of_alert] : moments) {
    Episode episode;
    episode.labels = labels;
    episode.rule = episode.labels["alertname"];
    episode.labels.erase("alertname");
    const double longest_gap = 1.5 * interval_of(episode.rule);
    bool open = false;
    for (const auto& [time, firing] : of_alert) {
      if (open && time - episode.last > longest_gap) {
        all.push_back(episode);
        open = false;
      }
      if (!open) {
        episode.first = time;
        episode.firing_from.reset();
        open = true;
      }
      episode.last = time;
      if (!firing) continue;
      if (!episode.firing_from) episode.firing_from = time;
      episode.firing_until = time;
    }
    if (open) all.push_back(episode);
  }
  std::stable_sort(all.begin(), all.end(), [](const Episode& a, const Episode& b) { return a.first < b.first; });
  return all;
}

}  // namespace quietgate
