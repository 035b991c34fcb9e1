// An endpoint of the API: one descriptor, made by its file in routes/ and listed in routes.cc.
#pragma once

#include <cstdint>

#include "runner/api/answers.h"
#include "runner/api/api_context.h"
#include "runner/api/asked.h"
#include "runner/base/task.h"

namespace quietgate {

inline constexpr std::uint64_t no_body = 0;
inline constexpr std::uint64_t small_body = 64 * 1024;

struct Route {
  // The context outlives the task.
  using Handler = Task<ApiResponse> (*)(ApiContext& context, Asked asked);
  const char* method;
  const char* path;  // `/api/v1/runs/{repository}/{number}`; `{path}` matches the rest of the address
  Permission permission;
  std::uint64_t body_limit;  // bytes
  Handler answer;
};

}  // namespace quietgate
