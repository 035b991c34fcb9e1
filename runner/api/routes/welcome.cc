// The service's name and version.
#include <fmt/format.h>

#include "runner/api/route.h"

namespace quietgate {

namespace {

Task<ApiResponse> welcome(ApiContext& context, Asked) {
  co_return json_answer(
      fmt::format("{{\"service\":\"quietgate\",\"version\":\"{}\",\"api\":\"/api/v1\","
                  "\"documentation\":\"/api/v1/openapi.json\"}}\n",
                  context.options.version));
}

}  // namespace

Route welcome_route() {
  return {"GET", "/", Permission::read, no_body, welcome};
}

}  // namespace quietgate
