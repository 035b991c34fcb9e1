#include "runner/model/plan.h"

#include <cmath>

namespace quietgate {

bool Bound::holds(double observed) const {
  if (std::isnan(observed) || std::isnan(value)) return false;
  switch (relation) {
    case Relation::less:
      return observed < value;
    case Relation::less_equal:
      return observed <= value;
    case Relation::greater:
      return observed > value;
    case Relation::greater_equal:
      return observed >= value;
    case Relation::equal:
      return observed == value;
    case Relation::not_equal:
      return observed != value;
  }
  return false;
}

const Plan& FrozenPlan::operator*() const {
  static const Plan none;
  return plan_ == nullptr ? none : *plan_;
}

namespace {

struct KindOf {
  const char* operator()(const TestSpec&) const { return "test"; }
  const char* operator()(const ApplySpec&) const { return "apply"; }
  const char* operator()(const LoadSpec&) const { return "load"; }
  const char* operator()(const VerifySpec&) const { return "verify"; }
  const char* operator()(const PromoteSpec&) const { return "promote"; }
  const char* operator()(const ApproveSpec&) const { return "approve"; }
  const char* operator()(const FaultSpec&) const { return "fault"; }
  const char* operator()(const OpenSpec& open) const { return open.kind.c_str(); }
};

// Of the kinds whose specs stand in this room.
struct TraitsOf {
  StageTraits operator()(const TestSpec& test) const {
    return {
        .runs_in_tree = true, .tests = true, .may_keep_artifacts = true, .keeps_artifacts = !test.artifacts.empty()};
  }
  StageTraits operator()(const ApplySpec& apply) const {
    return {.makes_environment = true, .keeps_environment = apply.keep};
  }
  StageTraits operator()(const LoadSpec&) const { return {.runs_in_tree = true, .loads = true, .leaves_window = true}; }
  StageTraits operator()(const VerifySpec&) const { return {.leaves_window = true, .tests = true}; }
  StageTraits operator()(const PromoteSpec&) const { return {.takes_slot = false, .promotes = true}; }
  StageTraits operator()(const ApproveSpec&) const { return {.takes_slot = false, .waits_for_person = true}; }
  StageTraits operator()(const FaultSpec&) const { return {.runs_in_tree = true}; }
  StageTraits operator()(const OpenSpec& open) const { return open.traits; }
};

}  // namespace

const char* kind_of(const StageBody& body) {
  return std::visit(KindOf{}, body);
}

const char* name_of(const ProvisionerSpec& provisioner) {
  if (const auto* open = std::get_if<OpenProvisioner>(&provisioner)) return open->name.c_str();
  return std::holds_alternative<TerraformSpec>(provisioner) ? "terraform" : "processes";
}

bool more_outputs(const ProvisionerSpec& provisioner) {
  if (const auto* open = std::get_if<OpenProvisioner>(&provisioner)) return open->more_outputs;
  return std::holds_alternative<TerraformSpec>(provisioner);
}

StageTraits traits_of(const StageBody& body) {
  return std::visit(TraitsOf{}, body);
}

StageTraits traits_of(const StageSpec& stage) {
  return traits_of(stage.body);
}

const GateSpec* gate_of(const StageSpec& stage) {
  if (const auto* promote = std::get_if<PromoteSpec>(&stage.body)) return promote->gate ? &*promote->gate : nullptr;
  const auto* apply = std::get_if<ApplySpec>(&stage.body);
  return apply != nullptr && apply->watch ? &apply->watch->gate : nullptr;
}

std::vector<std::string> judges(const StageSpec& stage) {
  if (const auto* gate = gate_of(stage)) return gate->during;
  const auto* verify = std::get_if<VerifySpec>(&stage.body);
  if (verify == nullptr || verify->during.empty()) return {};
  return {verify->during};
}

const StageSpec* Plan::find(const std::string& stage) const {
  for (const StageSpec& spec : stages) {
    if (spec.name == stage) return &spec;
  }
  return nullptr;
}

}  // namespace quietgate
