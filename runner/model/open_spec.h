// The spec of a stage kind or of a provisioner that this room knows nothing of, as the kind's own struct: for the
// kind's sources alone. The struct has a `fields(archive, value)`, as in runner/model/fields.h.
#pragma once

#include <string>

#include "runner/model/fields.h"
#include "runner/model/plan.h"

namespace quietgate {

template <class Spec>
OpenSpec open_spec(std::string kind, const Spec& spec, StageTraits traits) {
  return {std::move(kind), encoded(spec), traits};
}
template <class Spec>
OpenProvisioner open_provisioner(std::string name, const Spec& spec, bool more_outputs) {
  return {std::move(name), encoded(spec), more_outputs};
}

// Throws std::exception when it is not one of these: a newer version may have written it.
template <class Spec>
Spec read_open(const std::string& json) {
  Spec spec;
  const JsonTree tree(json);
  decode(tree.root(), spec);
  return spec;
}

}  // namespace quietgate
