#include "stages/apply/apply_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipelines/yaml/diagnostics.h"
#include "stages/gate/gate_reader.h"

namespace quietgate {

namespace {

std::vector<std::string> read_ports(const Found& found, StageFields& fields) {
  if (!found) return {};
  auto names = fields.values().texts(found, 0, 100);
  for (const Found& item : fields.values().list(found, 0, 100)) {
    if (item.node->kind == YamlNode::Kind::scalar && !item.node->text.empty())
      fields.values().is_name(item, item.node->text, letters, field_name_characters, 63, field_name_expected);
  }
  return names;
}

// What later versions will know.
const std::vector<std::string> not_yet{"kubernetes", "lambda"};

void read_provisioner(MapReader& map, const Found& found, StageFields& fields, const Provisioners& provisioners,
                      ApplySpec& spec) {
  std::vector<std::pair<const ProvisionerDescriptor*, Found>> named;
  std::vector<std::string> names;
  for (const ProvisionerDescriptor& each : provisioners) {
    names.push_back(each.name);
    if (const Found at = map.find(each.name)) named.emplace_back(&each, at);
  }
  const std::size_t before = fields.diagnostics().count();
  for (const std::string& name : not_yet) {
    if (std::find(names.begin(), names.end(), name) == names.end()) map.unsupported(name);
  }
  const bool unsupported = fields.diagnostics().count() != before;
  map.finish();
  for (std::size_t i = 1; i < named.size(); ++i)
    fields.diagnostics().add(
        named[i].second.key_at,
        fmt::format("`apply` has both `{}` and `{}`", named.front().first->name, named[i].first->name),
        "one provisioner per stage");
  if (!named.empty()) {
    spec.provisioner = named.front().first->read(named.front().second, fields);
  } else if (map.valid() && !unsupported) {
    fields.diagnostics().add(found.key_at, "`apply` names no provisioner", "one of " + joined(names));
  }
}

WatchSpec read_watch(const Found& found, StageFields& fields) {
  WatchSpec spec;
  MapReader map(fields.values(), found, "`watch`");
  if (const Found gate_at = map.require("gate", "the rules that must stay quiet, and where they are evaluated"))
    spec.gate = read_gate(gate_at, fields, false);
  if (const Found span = map.require("for", "how long to watch the release, such as 5m"))
    spec.duration = fields.values().duration(span).value_or(spec.duration);
  if (const Found word_at = map.find("on_alert")) {
    if (const auto word = fields.values().choice(word_at, {"rollback", "fail"}))
      spec.on_alert = static_cast<AfterRelease>(*word);
  }
  map.finish();
  return spec;
}

void read_lifetime(StageFields& fields, ApplySpec& apply) {
  const Found time_to_live = fields.beside("time_to_live");
  const Found keep = fields.beside("keep");
  const Found watch = fields.beside("watch");
  if (time_to_live) apply.time_to_live = fields.values().duration(time_to_live).value_or(apply.time_to_live);
  if (keep) apply.keep = fields.values().boolean(keep).value_or(false);
  if (apply.keep && time_to_live)
    fields.diagnostics().add(time_to_live.key_at, "a kept environment has no time to live", {},
                             "remove `time_to_live` or `keep`");
  if (!watch) return;
  apply.watch = read_watch(watch, fields);
  if (!apply.keep)
    fields.diagnostics().add(watch.key_at, "only a kept environment can be watched", {},
                             "add `keep: true`, or use a load and the gate of a `promote` stage instead");
  if (apply.watch->duration >= fields.timeout())
    fields.diagnostics().add(watch.key_at,
                             fmt::format("the stage's timeout of {} ends before its watch of {}",
                                         human_duration(fields.timeout()), human_duration(apply.watch->duration)),
                             {}, "raise `timeout`");
}

}  // namespace

ApplySpec read_apply(const Found& found, StageFields& fields, const Provisioners& provisioners) {
  ApplySpec spec;
  MapReader map(fields.values(), found, "`apply`");
  spec.ports = read_ports(map.find("ports"), fields);
  fields.know_ports(spec.ports);
  fields.text_map(map.find("outputs"), spec.outputs);
  fields.artifacts_of(map.find("from"));
  read_provisioner(map, found, fields, provisioners, spec);
  read_lifetime(fields, spec);
  std::vector<std::string> outputs;
  for (const auto& [name, value] : spec.outputs) outputs.push_back(name);
  // A provisioner such as Terraform adds outputs of its own, which are known only after it ran.
  fields.give_outputs(std::move(outputs), spec.provisioner.more_outputs);
  return spec;
}

}  // namespace quietgate
