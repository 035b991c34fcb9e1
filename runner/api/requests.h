// Requests to the engine: routes append events, and answer with the result.
#pragma once

#include <string>
#include <vector>

#include "runner/api/api_context.h"
#include "runner/api/exchange.h"
#include "runner/base/task.h"

namespace quietgate {

// 202 with the event's sequence.
Task<ApiResponse> append_request(ApiContext& context, Event event);
// 201 with the run, which gets the repository's next number. The `before` events are appended together with it.
Task<ApiResponse> append_run(ApiContext& context, RunRequested request, std::string repository,
                             std::vector<Event> before);

}  // namespace quietgate
