#include "stages/apply/apply_kind.h"

#include "pipelines/language/facts.h"
#include "pipelines/yaml/diagnostics.h"
#include "stages/apply/apply.h"
#include "stages/apply/apply_reader.h"
#include "stages/attempt/stage_parts.h"
#include "stages/environments/provisioners.h"

namespace quietgate {

namespace {

Facts facts_of_apply(const StageBody& body, const Provisioners& known) {
  const auto apply = spec_of<ApplySpec>(body);
  std::string provisioner = apply.provisioner.name;
  if (const auto* named = find_provisioner(known, provisioner)) provisioner += " " + named->fact(apply.provisioner);
  Facts out{std::move(provisioner)};
  if (!apply.ports.empty()) out.push_back("ports " + joined(apply.ports));
  out.push_back(apply.keep ? "is kept" : "lives " + human_duration(apply.time_to_live));
  if (apply.watch) {
    out.push_back("watched for " + human_duration(apply.watch->duration) + ", rules " +
                  joined(apply.watch->gate.rules));
    out.push_back(apply.watch->on_alert == AfterRelease::roll_back ? "an alert rolls back" : "an alert fails it");
  }
  return out;
}

std::vector<std::string> interpreter_of_apply(const StageBody& body, const Provisioners& known) {
  const auto spec = spec_of<ApplySpec>(body).provisioner;
  const auto* named = find_provisioner(known, spec.name);
  return named == nullptr || !named->interpreter ? std::vector<std::string>{} : named->interpreter(spec);
}

}  // namespace

StageKindDescriptor apply_kind(const Provisioners& known) {
  return {.name = "apply",
          .read = [&known](const Found& found, StageFields& fields) { return read_apply(found, fields, known); },
          .facts = [&known](const StageBody& body) { return facts_of_apply(body, known); },
          .make =
              [&known](const StageParts& parts) {
                return std::make_unique<ApplyStage>(parts.steps, parts.http, parts.git, parts.clock, &parts.deliveries,
                                                    &parts.trees, known);
              },
          .words = {"time_to_live", "keep", "watch"},
          .interpreter = [&known](const StageBody& body) { return interpreter_of_apply(body, known); },
          .offers = {.outputs = true}};
}

}  // namespace quietgate
