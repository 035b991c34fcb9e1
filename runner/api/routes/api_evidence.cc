// What proves things: the evidence of a run's promotions, the key that it is signed with, and the webhook that an
// Alertmanager's watchdog comes to.
#include <nlohmann/json.hpp>

#include "runner/api/api_asked.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;

constexpr std::size_t evidence_batch = 512;
constexpr const char* watchdogs[] = {"GateWatchdog", "Watchdog"};

bool fires(const Json& alert) {
  if (!alert.is_object() || alert.value("status", Json()) != "firing") return false;
  const auto labels = alert.value("labels", Json());
  if (!labels.is_object()) return false;
  const auto name = labels.value("alertname", Json());
  return name == watchdogs[0] || name == watchdogs[1];
}

}  // namespace

ApiResponse Api::evidence(const Asked& asked) {
  auto kept = this->kept(asked.run);
  if (!kept) return failed_answer(kept.error());
  if (*kept == nullptr) return error_answer(404, "there is no run " + to_string(asked.run), "see `quietgate runs`");
  Json list = Json::array();
  for (std::int64_t cursor = 0;;) {
    auto rows = journal_.read(cursor, evidence_batch, asked.run);
    if (!rows) return failed_answer(rows.error());
    for (const auto& row : *rows) {
      cursor = row.sequence;
      if (const auto* sealed = std::get_if<EvidenceSealed>(&row.event)) {
        list.push_back({{"stage", sealed->stage},
                        {"commit", sealed->commit},
                        {"sealed_at", iso_time(row.at)},
                        {"attached_at", nullptr},
                        {"envelope", sealed->envelope}});
      } else if (const auto* published = std::get_if<EvidencePublished>(&row.event)) {
        for (auto& one : list) {
          if (one["stage"] == published->stage) one["attached_at"] = iso_time(row.at);
        }
      }
    }
    if (rows->size() < evidence_batch) break;
  }
  return json_answer(Json{{"evidence", std::move(list)}}.dump() + "\n");
}

ApiResponse Api::evidence_key(const Asked&) {
  if (options_.evidence_key.empty()) return error_answer(404, "this service has no key for evidence");
  auto answer = json_answer(options_.evidence_key);
  answer.content_type = "application/x-pem-file";
  return answer;
}

ApiResponse Api::watchdog(const Asked& asked) {
  const auto& name = asked.names.at("name");
  if (options_.deliveries == nullptr) return error_answer(404, "this service hears no watchdogs");
  const auto body = Json::parse(asked.request.body, nullptr, false);
  const auto alerts = body.is_object() ? body.value("alerts", Json()) : Json();
  if (!alerts.is_array())
    return error_answer(400, "the body is not what an Alertmanager sends to a webhook: it has no list of `alerts`",
                        "use `webhook_configs` of a receiver");
  bool heard = false;
  for (const auto& alert : alerts) heard = heard || fires(alert);
  const auto now = std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
  if (heard && !options_.deliveries->keep(name, now)) return error_answer(409, "too many watchdogs are known already");
  return json_answer(Json{{"watchdog", name}, {"counted", heard}}.dump() + "\n", 200);
}

}  // namespace quietgate
