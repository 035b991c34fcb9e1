// `quietgate run --let-go`: what runs of this clone kept is destroyed, and nothing is run.
#pragma once

#include <string>

#include "runner/service/composition.h"

namespace quietgate {

// Destroys every environment of this data directory that is kept, and says how that went on standard output; also runs
// that were killed are ended. Answers whether nothing is kept any more. Runs the composition: call it once.
Result<bool> let_go_of_what_is_kept(Composition& composition, const std::string& by, bool json);

}  // namespace quietgate
