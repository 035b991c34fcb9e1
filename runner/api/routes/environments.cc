// The environments that exist.
#include "runner/api/route.h"

namespace quietgate {

namespace {

Task<ApiResponse> list_environments(ApiContext& context, Asked) {
  auto environments = co_await context.catalog.environments();
  if (!environments) co_return failed_answer(environments.error());
  co_return json_answer(environments_document(*environments));
}

}  // namespace

Route environments_route() {
  return {"GET", "/api/v1/environments", Permission::read, no_body, list_environments};
}

}  // namespace quietgate
