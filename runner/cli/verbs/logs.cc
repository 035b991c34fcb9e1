#include "runner/cli/verbs/logs.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "runner/base/base64.h"
#include "runner/base/json.h"
#include "runner/cli/invocation.h"
#include "runner/cli/service_access.h"
#include "runner/cli/service_json.h"
#include "runner/cli/terminal/log_filter.h"
#include "runner/model/state.h"

namespace quietgate {

namespace {

struct LogsQuery {
  std::string run;
  std::string stage;
  int attempt = 0;  // 0: the last
  bool follow = false;
};

// Of a run's document: the stage that went wrong, else the one that runs, else the last one that began. Empty: none
// has.
std::string stage_to_read(nlohmann::json run) {
  std::string stage;
  int best = 0;
  for (auto& each : run["stages"]) {
    Outcome outcome = Outcome::skipped;
    parse_outcome(shown_text(each, "outcome"), outcome);
    StageStatus status = StageStatus::waiting;
    parse_stage_status(shown_text(each, "status"), status);
    const bool wrong = outcome == Outcome::failed || outcome == Outcome::error || outcome == Outcome::inconclusive;
    const int worth = each["attempts"].empty() ? 0 : wrong ? 3 : status == StageStatus::running ? 2 : 1;
    if (worth > 0 && (worth > best || (worth == best && worth == 1))) {
      best = worth;
      stage = shown_text(each, "name");
    }
  }
  return stage;
}

OrExit<std::string> stage_of(ServiceAccess& service, const std::string& run, const LogsQuery& query) {
  if (!query.stage.empty()) return query.stage;
  auto body = service.get("/api/v1/runs/" + run);
  if (!body) return body.code();
  auto json = parse_json(*body);
  auto stage = stage_to_read(json);
  if (stage.empty() && !json["stages"].empty() && query.follow) stage = shown_text(json["stages"][0], "name");
  const auto& call = service.call();
  if (stage.empty())
    return call.fail(
        user_error("no stage of " + run + " has started yet", "wait for it: quietgate show " + run + " --follow"),
        exit_refused);
  if (call.terminal.live) call.parts.err(inked(call.terminal, Ink::dim, "log of stage " + stage) + "\n");
  return stage;
}

int print_log(const Invocation& call, const LogsQuery& query) {
  ServiceAccess service(call);
  auto run = service.run_named(query.run);
  if (!run) return run.code();
  auto stage = stage_of(service, *run, query);
  if (!stage) return stage.code();
  const auto log = "/api/v1/runs/" + *run + "/stages/" + *stage + "/log";
  const auto attempt = query.attempt > 0 ? "?attempt=" + std::to_string(query.attempt) : std::string();
  LogFilter filter(call.terminal.colour, call.terminal.unicode);
  auto show = [&](std::string_view bytes) {
    if (call.terminal.screen)
      call.parts.out(filter.pass(bytes));
    else
      call.parts.out(bytes);
    return true;
  };
  auto end = query.follow ? service.client().follow(
                                log + "/follow" + attempt,
                                [&](const StreamEvent& event) { return show(from_base64(event.data)); },
                                [&](const std::string& line) { call.parts.err("quietgate: " + line + "\n"); })
                          : service.client().download(log + attempt, show);
  if (call.terminal.screen) call.parts.out(filter.end());
  if (!end) return service.unreachable(end.error());
  return end->status == 200 ? exit_ok : service.refused(*end);
}

}  // namespace

Verb logs_verb() {
  auto query = std::make_shared<LogsQuery>();
  Verb verb{"logs", "Print a stage's log", verb_group::look};
  verb.options.run(query->run);
  verb.options.text("STAGE", query->stage, "Default: the one that failed, else the one that runs")
      .completes(ServiceName::stage);
  verb.options.number("--attempt", query->attempt, "Number of the attempt (default: the last)").between(1, 1000);
  verb.options.flag("-f,--follow", query->follow, "Follow it until the stage ends");
  verb.run = [query](const Invocation& call) { return print_log(call, *query); };
  return verb;
}

}  // namespace quietgate
