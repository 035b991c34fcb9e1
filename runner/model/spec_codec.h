// A kind's struct to the JSON of its spec and back: for the sources of kinds and provisioners that instantiate
// spec_of. The struct has a `fields(archive, value)`, as in runner/model/fields.h.
#pragma once

#include <string>

#include "runner/model/fields.h"
#include "runner/model/stage_body.h"

namespace quietgate {

// Throws std::exception when it is not one of these.
template <class Spec>
Spec read_spec(const std::string& json) {
  Spec spec;
  const JsonTree tree(json);
  decode(tree.root(), spec);
  return spec;
}

template <class Spec>
Spec spec_of(const StageBody& body) {
  return read_spec<Spec>(body.spec());
}

}  // namespace quietgate
