// How routes ask the engine for something: they append events, and answer what they became.
#pragma once

#include <string>
#include <vector>

#include "runner/api/api_context.h"
#include "runner/api/exchange.h"
#include "runner/base/task.h"

namespace quietgate {

// 202 with the event's sequence.
Task<ApiResponse> append_request(ApiContext& context, Event event);
// 201 with the run, which gets the repository's next number; what stands before is written with it.
Task<ApiResponse> append_run(ApiContext& context, RunRequested request, std::string repository,
                             std::vector<Event> before);

}  // namespace quietgate
