#include "stages/approve/approve_kind.h"

#include "pipelines/language/facts.h"
#include "stages/approve/approve.h"
#include "stages/approve/approve_spec.h"
#include "stages/attempt/stage_parts.h"

namespace quietgate {

namespace {

StageBody read_approve(const Found& found, StageFields& fields) {
  ApproveSpec spec;
  MapReader map(fields.values(), found, "`approve`");
  fields.text(map.require("message", "the question for the person"), spec.message);
  if (const Found expires = map.find("expires"))
    spec.expires = fields.values().duration(expires).value_or(spec.expires);
  map.finish();
  return spec;
}

Facts facts_of_approve(const StageBody& body) {
  const auto approve = spec_of<ApproveSpec>(body);
  return {"a person decides within " + human_duration(approve.expires) + ": " + shown(approve.message)};
}

std::unique_ptr<StageKind> make_approve(const StageParts& parts) {
  return std::make_unique<ApproveStage>(parts.clock);
}

}  // namespace

StageKindDescriptor approve_kind() {
  return {.name = "approve", .read = read_approve, .facts = facts_of_approve, .make = make_approve};
}

}  // namespace quietgate
