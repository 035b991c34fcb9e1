#include "runner/model/plan.h"

namespace quietgate {

const Plan& FrozenPlan::operator*() const {
  static const Plan none;
  return plan_ == nullptr ? none : *plan_;
}

const char* kind_of(const StageBody& body) {
  return body.kind().c_str();
}

const StageTraits& traits_of(const StageBody& body) {
  return body.traits();
}

const StageTraits& traits_of(const StageSpec& stage) {
  return stage.body.traits();
}

const GateSpec* gate_of(const StageSpec& stage) {
  return stage.body.gate();
}

const GateSpec* gate_over_windows(const StageSpec& stage) {
  return stage.body.relations().watches.count() > 0 ? nullptr : stage.body.gate();
}

std::vector<std::string> judges(const StageSpec& stage) {
  if (const auto* gate = gate_of(stage)) return gate->during;
  const auto& other = stage.body.relations().window_of;
  if (other.empty()) return {};
  return {other};
}

const StageSpec* Plan::find(const std::string& stage) const {
  for (const StageSpec& spec : stages) {
    if (spec.name == stage) return &spec;
  }
  return nullptr;
}

}  // namespace quietgate
