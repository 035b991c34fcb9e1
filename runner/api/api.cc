#include "runner/api/api.h"

#include "runner/api/routes.h"

namespace quietgate {

Api::Api(Journal& journal, Catalog& catalog, AttemptStore& attempts, ApiOptions options)
    : authentication_(options.token), context_(journal, catalog, attempts, std::move(options)) {}

// By its head alone: the host, the address, the method and what the principal may do. The answer lacks the request.
std::variant<Answer, Asked> Api::match(const ApiRequest& head, const Route*& route) const {
  if (!host_allowed(head.host, context_.options.hosts)) {
    return error_answer(403, "this service does not answer to the host `" + head.host.substr(0, 100) + "`",
                        "name it by its loopback address, or add the name to `hosts` of the service's configuration");
  }
  auto target = parse_target(head.target);
  if (!target) return error_answer(404, "there is nothing at this address", "see /api/v1/openapi.json");
  auto found = find_route(head.method, *target);
  if (auto* answer = std::get_if<Answer>(&found)) return std::move(*answer);
  auto& match = std::get<RouteMatch>(found);
  auto principal = authentication_.principal({head.local, head.authorization, head.claimed_name});
  if (auto refusal = permission_refusal(principal, match.route->permission)) return std::move(*refusal);
  route = match.route;
  return Asked{{}, std::move(*target), std::move(match.names), {}, std::move(principal)};
}

Api::Admission Api::admit(const ApiRequest& head) const {
  const Route* route = nullptr;
  auto found = match(head, route);
  if (auto* refusal = std::get_if<Answer>(&found)) return {std::move(*refusal), 0};
  return {std::nullopt, route->body_limit};
}

Task<ApiResponse> Api::handle(ApiRequest request) {
  const Route* route = nullptr;
  auto found = match(request, route);
  if (auto* refusal = std::get_if<Answer>(&found)) co_return std::move(*refusal);
  auto& asked = std::get<Asked>(found);
  asked.request = std::move(request);
  if (auto number = asked.names.find("number"); number != asked.names.end()) {
    asked.run = parse_run_id(asked.names["repository"] + "/" + number->second);
    if (asked.run.number == 0) co_return error_answer(404, "`" + number->second + "` is not the number of a run");
  }
  co_return co_await route->answer(context_, std::move(asked));
}

bool Api::over(const LogFeed& feed) {
  auto kept = context_.records.find(feed.attempt.run);
  if (!kept) return false;
  if (*kept == nullptr) return true;
  const auto& record = (*kept)->record;
  if (record.over()) return true;
  auto found = record.state.stages.find(feed.attempt.stage);
  if (found == record.state.stages.end()) return static_cast<bool>(record.state.plan);
  const auto& stage = found->second;
  if (stage.status == StageStatus::skipped || stage.attempt > feed.attempt.attempt) return true;
  const bool ended = stage.status == StageStatus::finished;
  return ended && stage.attempt == feed.attempt.attempt;
}

}  // namespace quietgate
