#include "runner/cli/verbs/show.h"

#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/follow_run.h"
#include "runner/cli/invocation.h"
#include "runner/cli/service_access.h"
#include "runner/cli/service_json.h"
#include "runner/cli/service_runs.h"
#include "runner/cli/terminal/run_report.h"
#include "stages/load/chart_text.h"

namespace quietgate {

namespace {

struct ShowQuery {
  std::string run;
  bool follow = false;
  bool chart = false;
};

// Of every load of the run that left measurements.
void print_charts(ServiceAccess& service, const RunRecord& record) {
  if (!record.state.plan) return;
  const auto& call = service.call();
  for (const auto& stage : record.state.plan->stages) {
    if (!traits_of(stage).loads) continue;
    const auto measurements = service.get_if_there(
        fmt::format("/api/v1/runs/{}/stages/{}/measurements", to_string(record.state.id), stage.name));
    if (!measurements) continue;
    const auto width = static_cast<std::size_t>(std::clamp(call.terminal.width, 40, 160));
    const auto lines = text_chart(parse_measurements(*measurements), width);
    if (lines.empty()) continue;
    call.parts.out("\n" + stage.name + "\n");
    for (const auto& line : lines) call.parts.out("  " + line + "\n");
  }
}

int show_document(ServiceAccess& service, const std::string& path, bool follow) {
  if (follow) {
    if (auto end = service.client().follow(path + "/events", [](const auto&) { return true; }); !end)
      return service.unreachable(end.error());
  }
  auto body = service.get(path);
  if (!body) return body.code();
  service.call().parts.out(*body);
  return exit_ok;
}

int show_report(ServiceAccess& service, const std::string& run, bool chart) {
  auto record = record_of(service, run);
  if (!record) return record.code();
  nlohmann::json document;
  if (!record->over()) {
    if (const auto body = service.get_if_there("/api/v1/runs/" + run)) document = parse_json(*body);
  }
  const auto& call = service.call();
  const RunDetails details{waiting_in(document), proofs_in(document), tests_of(service, *record),
                           log_ends_of(service, *record)};
  call.parts.out(run_report(*record, call.terminal, wall_clock(), details));
  if (chart) print_charts(service, *record);
  return exit_ok;
}

int show_run(const Invocation& call, const ShowQuery& query) {
  ServiceAccess service(call);
  auto run = service.run_named(query.run);
  if (!run) return run.code();
  if (call.common.json) return show_document(service, "/api/v1/runs/" + *run, query.follow);
  if (!query.follow) return show_report(service, *run, query.chart);
  const auto code = follow_run(service, *run);
  const bool has_run = code != exit_unreachable && code != exit_refused;
  if (query.chart && has_run) {
    if (auto record = record_of(service, *run)) print_charts(service, *record);
  }
  return code;
}

}  // namespace

Verb show_verb() {
  auto query = std::make_shared<ShowQuery>();
  Verb verb{"show", "Show one run: stages, checks, proofs, decisions", verb_group::look};
  verb.options.run(query->run);
  verb.options.flag("-f,--follow", query->follow, "Follow it until it ends; the exit code is the run's");
  verb.options.flag("--chart", query->chart, "Draw its loads: users, rate, response times, replicas");
  verb.run = [query](const Invocation& call) { return show_run(call, *query); };
  return verb;
}

}  // namespace quietgate
