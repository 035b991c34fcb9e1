// What an `approve` stage is to do.
#pragma once

#include <string>

#include "runner/base/time.h"
#include "runner/model/stage_body.h"

namespace quietgate {

struct ApproveSpec {
  std::string message;                // (template) shown to the person who decides
  Milliseconds expires{259'200'000};  // three days, from the question on
  bool operator==(const ApproveSpec&) const = default;
};

template <class A>
void fields(A& a, ApproveSpec& v) {
  a("message", v.message);
  a.later("expires", v.expires);
}

StageBody body_of(const ApproveSpec& spec);

}  // namespace quietgate
