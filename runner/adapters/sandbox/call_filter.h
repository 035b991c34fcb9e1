// The system calls that no build needs, and that reach beyond what namespaces part.
#pragma once

#include <string>

#include "runner/base/result.h"

namespace quietgate {

// The filter as the kernel takes it: what is refused fails with EPERM, clone3 and io_uring with ENOSYS, after which
// libraries use what can be looked at. Errors are infrastructure.
Result<std::string> call_filter();

}  // namespace quietgate
