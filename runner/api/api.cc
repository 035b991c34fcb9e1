#include "runner/api/api.h"

#include "runner/api/routes.h"

namespace quietgate {

Api::Api(Journal& journal, Catalog& catalog, AttemptStore& attempts, ApiOptions options)
    : authentication_(options.token), context_(journal, catalog, attempts, std::move(options)) {}

// By the head alone: the host, the address, the method and what the principal may do.
Api::Admission Api::admit(const ApiRequest& head) const {
  Admission admission;
  if (!host_allowed(head.host, context_.options.hosts)) {
    admission.refusal =
        error_answer(403, "this service does not answer to the host `" + head.host.substr(0, 100) + "`",
                     "use its loopback address, or add the name to `hosts` in the service's configuration");
    return admission;
  }
  auto target = parse_target(head.target);
  if (!target) {
    admission.refusal = error_answer(404, "there is nothing at this address", "see /api/v1/openapi.json");
    return admission;
  }
  auto found = find_route(head.method, *target);
  if (auto* answer = std::get_if<Answer>(&found)) {
    admission.refusal = std::move(*answer);
    return admission;
  }
  auto& match = std::get<RouteMatch>(found);
  auto& asked = admission.asked;
  asked.principal = authentication_.principal({head.local, head.authorization, head.claimed_name});
  admission.refusal = permission_refusal(asked.principal, match.route->permission);
  admission.route = match.route;
  admission.body_limit = match.route->body_limit;
  asked.target = std::move(*target);
  asked.names = std::move(match.names);
  return admission;
}

Task<ApiResponse> Api::handle(ApiRequest request) {
  auto admission = admit(request);
  co_return co_await answer(std::move(admission), std::move(request));
}

Task<ApiResponse> Api::answer(Admission admitted, ApiRequest request) {
  if (admitted.refusal) co_return std::move(*admitted.refusal);
  auto& asked = admitted.asked;
  asked.request = std::move(request);
  if (auto number = asked.names.find("number"); number != asked.names.end()) {
    asked.run = parse_run_id(asked.names["repository"] + "/" + number->second);
    if (asked.run.number == 0) co_return error_answer(404, "`" + number->second + "` is not the number of a run");
  }
  co_return co_await admitted.route->answer(context_, std::move(asked));
}

Task<bool> Api::over(LogFeed feed) {
  auto kept = co_await context_.records.find(feed.attempt.run);
  if (!kept) co_return false;
  if (*kept == nullptr) co_return true;
  const auto& record = (*kept)->record;
  if (record.over()) co_return true;
  auto found = record.state.stages.find(feed.attempt.stage);
  if (found == record.state.stages.end()) co_return static_cast<bool>(record.state.plan);
  const auto& stage = found->second;
  if (stage.status == StageStatus::skipped || stage.attempt > feed.attempt.attempt) co_return true;
  const bool ended = stage.status == StageStatus::finished;
  co_return ended&& stage.attempt == feed.attempt.attempt;
}

}  // namespace quietgate
