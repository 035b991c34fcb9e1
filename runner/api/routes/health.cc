// Whether the service lives, and whether it can work: for probes.
#include "runner/api/route.h"

namespace quietgate {

namespace {

Task<ApiResponse> tell_healthy(ApiContext&, Asked) {
  co_return text_answer("ok\n");
}

Task<ApiResponse> tell_ready(ApiContext& context, Asked) {
  auto runs = co_await context.catalog.runs("", 1);
  if (!runs) co_return text_answer(runs.error().message + "\n", 503);
  auto why = context.options.not_ready ? context.options.not_ready() : std::string();
  if (!why.empty()) co_return text_answer(why + "\n", 503);
  co_return text_answer("ok\n");
}

}  // namespace

Route healthy_route() {
  return {"GET", "/healthz", Permission::read, no_body, tell_healthy};
}

Route ready_route() {
  return {"GET", "/readyz", Permission::read, no_body, tell_ready};
}

}  // namespace quietgate
