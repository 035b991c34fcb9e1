// A kind of stages that nothing else knows: `toy: {says: TEXT, for: DURATION}`. What a new kind's folder would hold.
#pragma once

#include "pipelines/language/stage_kind.h"
#include "runner/model/open_spec.h"
#include "stages/attempt/stage_parts.h"

namespace quietgate {

struct ToySpec {
  std::string says;  // (template)
  Milliseconds duration{1'000};
};
template <class A>
void fields(A& a, ToySpec& v) {
  a("for", v.duration);
  a("says", v.says);
}

// Says it, and passes when the time is over.
class ToyStage final : public StageKind {
 public:
  explicit ToyStage(Clock& clock) : clock_(clock) {}
  Task<StageOutcome> run(StageRequest request) override {
    const auto spec = read_open<ToySpec>(std::get<OpenSpec>(request.spec.body).json);
    request.log->line(spec.says);
    co_await clock_.sleep(spec.duration, *request.stop);
    StageOutcome outcome;
    outcome.outcome = Outcome::passed;
    outcome.reason = "said " + spec.says;
    co_return outcome;
  }

 private:
  Clock& clock_;
};

inline StageBody read_toy(const Found& found, StageFields& fields) {
  ToySpec spec;
  MapReader map(fields.values(), found, "`toy`");
  fields.text(map.require("says", "what it says"), spec.says);
  if (const Found span = map.find("for")) spec.duration = fields.values().duration(span).value_or(spec.duration);
  map.finish();
  return open_spec("toy", spec, {.takes_slot = false, .tests = true});
}

inline StageKindDescriptor toy_kind() {
  return {.name = "toy",
          .read = read_toy,
          .facts =
              [](const StageBody& body) {
                const auto toy = read_open<ToySpec>(std::get<OpenSpec>(body).json);
                return std::vector<std::string>{"says " + toy.says, human_duration(toy.duration)};
              },
          .make = [](const StageParts& parts) { return std::make_unique<ToyStage>(parts.clock); }};
}

}  // namespace quietgate
