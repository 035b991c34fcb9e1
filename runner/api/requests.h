// Requests to the engine: routes append events, and answer with the result.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "runner/api/api_context.h"
#include "runner/api/exchange.h"
#include "runner/base/task.h"

namespace quietgate {

// 202 with the event's sequence.
Task<ApiResponse> append_request(ApiContext& context, Event event);
// What a look at a run makes of a request: why it is refused, or what is appended.
using RunRequestLook = std::function<std::variant<ApiResponse, Event>(const RunRecord& record)>;
// As append_request(), of a run: 404 when there is none, else as `look` says. When the run moved between the look and
// the append, nothing is written, and it is looked at again.
Task<ApiResponse> append_request_of(ApiContext& context, RunId run, RunRequestLook look);
// 201 with the run, which gets the repository's next number. The `before` events are appended together with it.
Task<ApiResponse> append_run(ApiContext& context, RunRequested request, std::string repository,
                             std::vector<Event> before);

}  // namespace quietgate
