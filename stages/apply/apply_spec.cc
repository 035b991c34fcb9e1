#include "stages/apply/apply_spec.h"

#include "runner/model/spec_codec.h"
#include "stages/environments/contract/provisioner_codec.h"

namespace quietgate {

namespace {

constexpr const char* kind_name = "apply";

}  // namespace

template ApplySpec spec_of<ApplySpec>(const StageBody& body);

// What a rollback deploys is not watched: it was released before.
StageBody body_of(const ApplySpec& spec) {
  StageRelations relations{.gate_at = "watch/gate"};
  if (spec.watch) {
    auto unwatched = spec;
    unwatched.watch.reset();
    relations.watches = spec.watch->duration;
    relations.in_rollback = encoded(unwatched);
  }
  const StageTraits traits{.makes_environment = true, .keeps_environment = spec.keep, .resolves_rest = true};
  return {kind_name, encoded(spec), traits, std::move(relations)};
}

StageBody watching_body(const WatchSpec& watch) {
  const StageTraits traits{.makes_environment = true, .keeps_environment = true};
  return {kind_name, R"({"gate":)" + encoded(watch.gate) + "}", traits, {.gate_at = "gate"}};
}

}  // namespace quietgate
