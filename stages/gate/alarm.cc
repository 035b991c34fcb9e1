#include "stages/gate/alarm.h"

#include <fmt/format.h>

#include "stages/gate/alert_episodes.h"
#include "stages/gate/proof_text.h"

namespace quietgate {

namespace {

constexpr double soon = 10;  // seconds

}  // namespace

std::optional<std::string> Alarm::newly_firing(const std::vector<LoadedRule>& rules) {
  std::set<std::pair<std::string, Labels>> still;
  // A first look that comes late says little about the beginning.
  for (const auto& rule : rules) trusts_first_ = trusts_first_ && rule.last_evaluation - begun_ < soon;
  std::optional<std::string> sentence;
  for (const auto& rule : rules) {
    if (!rule.alerting || !alerts_.contains(rule.name)) continue;
    for (const auto& alert : rule.alerts) {
      const std::pair<std::string, Labels> key{rule.name, alert.labels};
      const bool old = trusts_first_ || before_.contains(key);
      if (old) still.insert(key);
      if (old || alert.active_at < begun_ || alert.state != "firing" || sentence) continue;
      Episode episode;
      episode.rule = rule.name;
      episode.labels = alert.labels;
      episode.labels.erase("alertname");
      sentence = fmt::format("{} fires, active since {}, value {:.4g}", episode.name(), clock_time(alert.active_at),
                             alert.value);
    }
  }
  before_ = std::move(still);
  trusts_first_ = false;
  return sentence;
}

}  // namespace quietgate
