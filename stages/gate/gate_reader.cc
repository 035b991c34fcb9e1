#include "stages/gate/gate_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace quietgate {

namespace {

void read_waivers(const Found& found, StageFields& fields, std::map<std::string, std::string>& out) {
  MapReader map(fields.values(), found, "`waive`");
  const std::vector<std::string> proofs{"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10"};
  for (const Found& entry : map.entries()) {
    if (std::find(proofs.begin(), proofs.end(), entry.name) == proofs.end()) {
      fields.diagnostics().add(entry.key_at, fmt::format("`{}` is not a proof that can be waived", entry.name),
                               "one of P1 to P10; what a layer or an alert says can't be waived");
      continue;
    }
    const auto reason = fields.values().text(entry, 500);
    if (!reason) continue;
    if (reason->size() < 10)
      fields.values().wrong(entry, fmt::format("`{}` is waived without a reason", entry.name),
                            "a sentence of at least 10 characters: it stands in the verdict");
    out[entry.name] = *reason;
  }
}

}  // namespace

GateSpec read_gate(const Found& found, StageFields& fields, bool over_windows) {
  GateSpec spec;
  MapReader map(fields.values(), found, "`gate`");
  fields.text(map.require("prometheus", "the URL of the Prometheus that evaluates the rules"), spec.prometheus);
  fields.paths(map.require("rules", "globs of rule files"), spec.rules, 1);
  if (over_windows) {
    if (const Found during = map.require("during", "the stages in which the rules must stay quiet"))
      spec.during = fields.windows(during);
    if (const Found quiet = map.find("quiet_for"))
      spec.quiet_for = fields.values().duration(quiet, Milliseconds{0}).value_or(spec.quiet_for);
    if (const Found word_at = map.find("on_alert")) {
      if (const auto word = fields.values().choice(word_at, {"end_load", "go_on"}))
        spec.on_alert = static_cast<OnAlert>(*word);
    }
  }
  if (const Found layers = map.find("layers")) {
    for (const Found& item : fields.values().list(layers)) {
      const auto word = fields.values().choice(item, {"application", "service", "kubernetes", "node"});
      if (!word) continue;
      if (std::find(spec.layers.begin(), spec.layers.end(), item.node->text) != spec.layers.end()) {
        fields.values().wrong(item, fmt::format("`{}` appears twice in `layers`", item.node->text));
      } else {
        spec.layers.push_back(item.node->text);
      }
    }
  }
  if (const Found waived = map.find("waive")) read_waivers(waived, fields, spec.waivers);
  if (const Found alertmanager = map.find("alertmanager")) fields.text(alertmanager, spec.alertmanager);
  if (const Found watchdog = map.find("watchdog")) {
    MapReader delivery(fields.values(), watchdog, "`watchdog`");
    if (const Found name = delivery.require("delivered_to", "the name in the webhook's URL, /api/v1/watchdogs/NAME")) {
      spec.watchdog = fields.values().text(name).value_or("");
      if (!spec.watchdog.empty())
        fields.values().is_name(name, spec.watchdog, letters, field_name_characters, 63, field_name_expected);
    }
    if (const Found within = delivery.require("within", "how old the last delivery may be, such as 5m"))
      spec.watchdog_within = fields.values().duration(within).value_or(spec.watchdog_within);
    delivery.finish();
  }
  map.finish();
  return spec;
}

}  // namespace quietgate
