#include "runner/cli/service_runs.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/service_json.h"
#include "runner/cli/terminal/log_end.h"
#include "runner/cli/terminal/test_report.h"

namespace quietgate {

OrExit<RunRecord> record_of(ServiceAccess& service, const std::string& run) {
  RunRecord record;
  for (bool more = true; more;) {
    auto body = service.get("/api/v1/runs/" + run + "/events?after=" + std::to_string(record.last));
    if (!body) return body.code();
    auto json = parse_json(*body);
    if (!json.is_object() || !json["events"].is_array())
      return service.unreachable(infrastructure_error("can't read the answer of " + service.client().name()));
    const auto before = record.last;
    for (const auto& event : json["events"]) {
      if (auto row = row_in(json_text(event))) record.add(*row);
    }
    more = json.value("more", false) && record.last > before;
  }
  return record;
}

std::map<std::string, std::string> tests_of(ServiceAccess& service, const RunRecord& record) {
  std::map<std::string, std::string> all;
  for (const auto& name : stage_names(record)) {
    const auto& stage = record.state.stages.at(name);
    if (stage.status != StageStatus::finished || !worth_naming(stage.outcome)) continue;
    auto tests = service.get_if_there(
        fmt::format("/api/v1/runs/{}/stages/{}/tests?attempt={}", to_string(record.state.id), name, stage.attempt));
    if (tests) all[name] = std::move(*tests);
  }
  return all;
}

std::map<std::string, std::string> log_ends_of(ServiceAccess& service, const RunRecord& record) {
  std::map<std::string, std::string> all;
  for (const auto& name : stage_names(record)) {
    const auto& stage = record.state.stages.at(name);
    if (!shows_log_end(stage)) continue;
    auto end = service.get_if_there(fmt::format("/api/v1/runs/{}/stages/{}/log?attempt={}&tail={}",
                                                to_string(record.state.id), name, stage.attempt, log_end_bytes));
    if (end) all[name] = std::move(*end);
  }
  return all;
}

}  // namespace quietgate
