// A kind of stages that nothing else knows: `toy: {says: TEXT, for: DURATION, branch: NAME, gate: ...}`. What a new
// kind's folder would hold.
#pragma once

#include "pipelines/language/stage_kind.h"
#include "runner/model/spec_codec.h"
#include "stages/attempt/stage_parts.h"
#include "stages/gate/gate_reader.h"

namespace quietgate {

struct ToySpec {
  std::string says;  // (template)
  Milliseconds duration{1'000};
  std::string branch;  // (template) that it moves; empty: none
  CommitId back_from;
  std::optional<GateSpec> gate;
};
template <class A>
void fields(A& a, ToySpec& v) {
  a("for", v.duration);
  a("says", v.says);
  a("branch", v.branch);
  a.later("back_from", v.back_from);
  a.later("gate", v.gate);
}

inline StageBody body_of(const ToySpec& spec) {
  StageRelations relations{.gate_at = "gate"};
  if (spec.back_from.empty()) {
    auto back = spec;
    back.says = "went back";
    back.gate.reset();
    relations.in_rollback = encoded(back);
  }
  return {"toy", encoded(spec), {.takes_slot = false, .promotes = !spec.branch.empty(), .tests = true}, relations};
}

// Says it, and passes when the time is over.
class ToyStage final : public StageKind {
 public:
  explicit ToyStage(Clock& clock) : clock_(clock) {}
  Task<StageOutcome> run(StageRequest request) override {
    const auto spec = spec_of<ToySpec>(request.spec.body);
    request.log->line(spec.says);
    co_await clock_.sleep(spec.duration, *request.stop);
    StageOutcome outcome;
    outcome.outcome = Outcome::passed;
    outcome.reason = "said " + spec.says;
    outcome.outputs["said"] = spec.says;
    co_return outcome;
  }

 private:
  Clock& clock_;
};

inline StageBody read_toy(const Found& found, StageFields& fields) {
  ToySpec spec;
  MapReader map(fields.values(), found, "`toy`");
  fields.text(map.require("says", "what it says"), spec.says);
  fields.text(map.find("branch"), spec.branch);
  if (const Found span = map.find("for")) spec.duration = fields.values().duration(span).value_or(spec.duration);
  if (const Found gate = map.find("gate")) spec.gate = read_gate(gate, fields, true);
  map.finish();
  fields.give_outputs({"said"}, false);
  return spec;
}

inline StageKindDescriptor toy_kind() {
  return {.name = "toy",
          .read = read_toy,
          .facts =
              [](const StageBody& body) {
                const auto toy = spec_of<ToySpec>(body);
                return std::vector<std::string>{"says " + toy.says, human_duration(toy.duration)};
              },
          .make = [](const StageParts& parts) { return std::make_unique<ToyStage>(parts.clock); },
          .offers = {.outputs = true}};
}

}  // namespace quietgate
