// Has an environment destroyed.
#include <algorithm>

#include "runner/api/json_body.h"
#include "runner/api/requests.h"
#include "runner/api/route.h"

namespace quietgate {

namespace {

Task<ApiResponse> destroy_environment(ApiContext& context, Asked asked) {
  const JsonBody body(asked.request, {});
  if (!body.problem().empty()) co_return error_answer(400, body.problem());
  auto all = co_await context.catalog.environments();
  if (!all) co_return failed_answer(all.error());
  const auto& id = asked.names.at("environment");
  auto found = std::find_if(all->begin(), all->end(), [&](const auto& e) { return e.id == id; });
  if (found == all->end())
    co_return error_answer(404, "there is no environment `" + id + "`", "see `quietgate environments`");
  Event event = EnvironmentDestroyRequested{id, found->run, actor_of(asked.principal)};
  co_return co_await append_request(context, std::move(event));
}

}  // namespace

Route destroy_route() {
  return {"POST", "/api/v1/environments/{environment}/destroy", Permission::operate, small_body, destroy_environment};
}

}  // namespace quietgate
