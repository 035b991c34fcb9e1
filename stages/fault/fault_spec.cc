#include "stages/fault/fault_spec.h"

#include "runner/model/spec_codec.h"

namespace quietgate {

template FaultSpec spec_of<FaultSpec>(const StageBody& body);

StageBody body_of(const FaultSpec& spec) {
  return {"fault", encoded(spec), {.runs_in_tree = true}, {.as_is = {"alerts"}}};
}

}  // namespace quietgate
