// The attempt that a path and `?attempt=` name.
#pragma once

#include <variant>

#include "runner/api/api_context.h"
#include "runner/api/asked.h"
#include "runner/base/task.h"

namespace quietgate {

// The last attempt if the query names none. An Answer says why there is no such attempt. `may_wait`: also accepts the
// next attempt, which has not begun. `asked` outlives the call.
Task<std::variant<AttemptId, Answer>> asked_attempt(ApiContext& context, const Asked& asked, bool may_wait);

}  // namespace quietgate
