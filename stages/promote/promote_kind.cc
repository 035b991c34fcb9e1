#include "stages/promote/promote_kind.h"

#include <fmt/format.h>

#include "pipelines/language/facts.h"
#include "pipelines/yaml/diagnostics.h"
#include "runner/model/branch_name.h"
#include "stages/attempt/stage_parts.h"
#include "stages/gate/gate_reader.h"
#include "stages/promote/promote.h"

namespace quietgate {

namespace {

StageBody read_promote(const Found& found, StageFields& fields) {
  PromoteSpec spec;
  MapReader map(fields.values(), found, "`promote`");
  if (const Found branch = map.require("branch", "the branch to move to the commit")) {
    fields.text(branch, spec.branch);
    // A name that is known only when it is pushed to is refused by Git then.
    const bool known = !spec.branch.empty() && spec.branch.find("${{") == std::string::npos;
    const std::string problem = known ? branch_name_problem(spec.branch) : std::string();
    if (!problem.empty())
      fields.values().wrong(branch, fmt::format("`{}` is not a valid branch name: {}", spec.branch, problem),
                            "a name that `git check-ref-format --branch` accepts, of at most 255 bytes");
  }
  if (const Found gate_at = map.find("gate")) spec.gate = read_gate(gate_at, fields, true);
  if (const Found approval = map.find("approval")) {
    if (approval.node->kind == YamlNode::Kind::map) {
      spec.approval = Approval::manual;
      MapReader asked(fields.values(), approval, "`approval`");
      fields.text(asked.find("message"), spec.approval_message);
      if (const Found expires = asked.find("expires"))
        spec.approval_expires = fields.values().duration(expires).value_or(spec.approval_expires);
      asked.finish();
    } else if (const auto word = fields.values().choice(approval, {"none", "manual"})) {
      spec.approval = static_cast<Approval>(*word);
    }
  }
  map.unsupported("merge");
  map.finish();
  return spec;
}

Facts facts_of_promote(const StageBody& body) {
  const auto promote = spec_of<PromoteSpec>(body);
  Facts out{promote.back_from.empty() ? "to " + promote.branch
                                      : promote.branch + " back from " + promote.back_from.substr(0, 7)};
  if (promote.gate) {
    out.push_back("quiet during " + joined(promote.gate->during));
    if (promote.gate->quiet_for.count() > 0) out.push_back("and " + human_duration(promote.gate->quiet_for) + " after");
    out.push_back("rules " + joined(promote.gate->rules));
    if (promote.gate->on_alert == OnAlert::go_on) out.push_back("an alert does not end the load");
    for (const auto& [proof, reason] : promote.gate->waivers) out.push_back("without " + proof + " (" + reason + ")");
    if (!promote.gate->layers.empty()) out.push_back("layers " + joined(promote.gate->layers));
  } else if (promote.back_from.empty()) {
    out.push_back("no gate");
  }
  if (promote.approval == Approval::manual) {
    out.push_back("when a person approves within " + human_duration(promote.approval_expires));
    if (!promote.approval_message.empty()) out.push_back("asking: " + shown(promote.approval_message));
  }
  return out;
}

std::unique_ptr<StageKind> make_promote(const StageParts& parts) {
  return std::make_unique<PromoteStage>(
      parts.git, parts.http, parts.clock,
      PromoteOptions{!parts.promotes, parts.sealer, &parts.deliveries, &parts.committed});
}

}  // namespace

StageKindDescriptor promote_kind() {
  return {.name = "promote", .read = read_promote, .facts = facts_of_promote, .make = make_promote};
}

}  // namespace quietgate
