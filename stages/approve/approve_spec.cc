#include "stages/approve/approve_spec.h"

#include "runner/model/spec_codec.h"

namespace quietgate {

template ApproveSpec spec_of<ApproveSpec>(const StageBody& body);

StageBody body_of(const ApproveSpec& spec) {
  return {"approve", encoded(spec), {.takes_slot = false, .waits_for_person = true}};
}

}  // namespace quietgate
