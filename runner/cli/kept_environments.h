// `quietgate run --let-go`: destroys kept environments without a service.
#pragma once

#include <string>

#include "runner/service/composition.h"

namespace quietgate {

// Destroys every kept environment of this data directory, ends killed runs, and prints the result. Returns whether
// nothing is left. Runs the composition: call it once. `by`: who requested it.
Result<bool> destroy_kept_environments(Composition& composition, const std::string& by, bool json);

}  // namespace quietgate
