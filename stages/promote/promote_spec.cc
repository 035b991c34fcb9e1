#include "stages/promote/promote_spec.h"

#include "runner/model/spec_codec.h"

namespace quietgate {

template PromoteSpec spec_of<PromoteSpec>(const StageBody& body);

// A rollback asks neither gate nor person.
StageBody body_of(const PromoteSpec& spec) {
  StageRelations relations{.gate_at = "gate"};
  if (spec.back_from.empty()) relations.in_rollback = R"({"approval":"none","back_from":"","branch":"","gate":null})";
  return {"promote", encoded(spec), {.takes_slot = false, .promotes = true}, std::move(relations)};
}

}  // namespace quietgate
