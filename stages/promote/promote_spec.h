// What a `promote` stage is to do.
#pragma once

#include <optional>
#include <string>

#include "runner/base/time.h"
#include "runner/model/gate_spec.h"
#include "runner/model/stage_body.h"
#include "runner/model/types.h"

namespace quietgate {

enum class Approval { none, manual };

struct PromoteSpec {
  std::string branch;  // (template) short name of the production branch
  std::optional<GateSpec> gate;
  Approval approval = Approval::none;
  CommitId back_from;  // of a rollback: what the branch must be at, to be put back to the run's commit; else empty
  std::string approval_message;                // (template) shown to the person who decides; empty: the usual question
  Milliseconds approval_expires{259'200'000};  // three days, from the question on
  bool operator==(const PromoteSpec&) const = default;
};

template <>
struct Names<Approval> {
  static constexpr NameList<Approval, 2> value{{{Approval::none, "none"}, {Approval::manual, "manual"}}};
};
template <class A>
void fields(A& a, PromoteSpec& v) {
  a("branch", v.branch);
  a("gate", v.gate);
  a("approval", v.approval);
  if (!A::writes || !v.back_from.empty()) a.later("back_from", v.back_from);
  if (!A::writes || !v.approval_message.empty()) a.later("approval_message", v.approval_message);
  if (!A::writes || v.approval == Approval::manual) a.later("approval_expires", v.approval_expires);
}

StageBody body_of(const PromoteSpec& spec);

}  // namespace quietgate
