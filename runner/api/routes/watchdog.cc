// The webhook that an Alertmanager's watchdog comes to.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "runner/api/route.h"
#include "runner/base/json.h"

namespace quietgate {

namespace {

constexpr std::uint64_t largest_delivery = 256 * 1024;
constexpr const char* watchdog_alerts[] = {"GateWatchdog", "Watchdog"};

bool fires(const nlohmann::json& alert) {
  if (!alert.is_object() || alert.value("status", nlohmann::json()) != "firing") return false;
  const auto labels = alert.value("labels", nlohmann::json());
  if (!labels.is_object()) return false;
  const auto name = labels.value("alertname", nlohmann::json());
  return name == watchdog_alerts[0] || name == watchdog_alerts[1];
}

Task<ApiResponse> hear_watchdog(ApiContext& context, Asked asked) {
  const auto& name = asked.names.at("name");
  if (context.options.deliveries == nullptr) co_return error_answer(404, "this service does not accept watchdogs");
  const auto body = parse_json(asked.request.body);
  const auto alerts = body.is_object() ? body.value("alerts", nlohmann::json()) : nlohmann::json();
  if (!alerts.is_array())
    co_return error_answer(400, "the body is not what an Alertmanager sends to a webhook: it has no list of `alerts`",
                           "use `webhook_configs` of a receiver");
  const bool heard = std::any_of(alerts.begin(), alerts.end(), fires);
  const auto now = std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
  if (heard && !context.options.deliveries->keep(name, now))
    co_return error_answer(409, "too many watchdogs are known already");
  co_return json_answer(json_text(nlohmann::json{{"watchdog", name}, {"counted", heard}}) + "\n");
}

}  // namespace

Route watchdog_route() {
  return {"POST", "/api/v1/watchdogs/{name}", Permission::operate, largest_delivery, hear_watchdog};
}

}  // namespace quietgate
