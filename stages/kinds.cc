#include "stages/kinds.h"

#include "stages/apply/apply_kind.h"
#include "stages/approve/approve_kind.h"
#include "stages/attempt/given.h"
#include "stages/environments/provisioners.h"
#include "stages/environments/service_check.h"
#include "stages/fault/fault_kind.h"
#include "stages/gate/gated_stage.h"
#include "stages/gate/rule_watch.h"
#include "stages/gate/synthetic_fault.h"
#include "stages/load/load_kind.h"
#include "stages/promote/promote_kind.h"
#include "stages/test/test_kind.h"
#include "stages/verify/verify_kind.h"

namespace quietgate {

// In the order in which errors name them.
const StageKinds& stage_kinds() {
  static const StageKinds all{
      test_kind(), apply_kind(provisioners()), load_kind(), verify_kind(), promote_kind(), approve_kind(), fault_kind(),
  };
  return all;
}

// From the inside out:
//  1. what became of the environment's services is told of the kind's own failures, not of what failed before it began;
//  2. artifacts of other stages are in the tree before the kind's steps begin, and one that can't be put there is no
//     failure against a service;
//  3. the synthetic fault is over before the span that a gate judges begins, which is the kind's own;
//  4. rules are watched from before that fault on: its alert has to be seen.
PerformedKinds::PerformedKinds(const StageKinds& kinds, const StageParts& parts) {
  for (const StageKindDescriptor& kind : kinds) {
    stages_.push_back(kind.make(parts));
    auto* gated = dynamic_cast<GatedStage*>(stages_.back().get());
    const auto around = [this](auto make) { stages_.push_back(make(*stages_.back())); };
    if (kind.surroundings.names_services)
      around([&](StageKind& inner) { return std::make_unique<ServiceCheckedStage>(inner, parts.steps); });
    if (kind.surroundings.takes_artifacts)
      around([&](StageKind& inner) { return std::make_unique<GivenStage>(inner, parts.trees); });
    if (kind.surroundings.proves_alerts)
      around([&](StageKind& inner) {
        return std::make_unique<SyntheticFaultStage>(inner, parts.http, parts.clock, parts.faults, &parts.committed);
      });
    around([&](StageKind& inner) {
      return std::make_unique<WatchedStage>(inner, parts.http, parts.clock, &parts.committed, gated);
    });
    by_name_[kind.name] = stages_.back().get();
  }
}

}  // namespace quietgate
