// `quietgate run --let-go`: without a service, the only way to destroy what a run kept.
#pragma once

#include <string>

#include "runner/service/composition.h"

namespace quietgate {

// Destroys every environment of this data directory that is kept, ends runs that were killed, and prints how that went.
// Answers whether nothing is left. Runs the composition: call it once. `by`: who asked.
Result<bool> destroy_kept_environments(Composition& composition, const std::string& by, bool json);

}  // namespace quietgate
