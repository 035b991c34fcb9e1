#include "runner/cli/verbs/runs.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/invocation.h"
#include "runner/cli/service_access.h"
#include "runner/cli/service_json.h"
#include "runner/cli/terminal/outcome_mark.h"
#include "runner/cli/terminal/screen_text.h"
#include "runner/cli/terminal/table.h"

namespace quietgate {

namespace {

struct RunsQuery {
  std::string repository;
  int limit = 20;
};

// `rollback of hello/4 to 1a2b3c4 by ana (too slow)`; empty: the run is none.
std::string rollback_text(const nlohmann::json& run, const Terminal& terminal) {
  auto found = run.find("rollback");
  if (found == run.end() || !found->is_object()) return {};
  const auto by = shown_text(*found, "by");
  const auto text = "rollback of " + shown_text(*found, "of") + " to " + shown_text(*found, "to").substr(0, 7);
  return inked(terminal, Ink::yellow, text) + " by " + (by.empty() ? "an alert" : by) + " (" +
         shown_text(*found, "reason") + ")";
}

std::vector<std::string> run_cells(const nlohmann::json& run, const Terminal& terminal) {
  const auto status = shown_text(run, "status");
  Outcome outcome = Outcome::skipped;
  const bool over = parse_outcome(shown_text(run, "outcome"), outcome);
  const auto duration = run.value("duration_ms", nlohmann::json());
  auto result = shown_text(run, "reason");
  if (result.empty() && !over) result = shown_text(run, "waiting");
  if (result.empty()) result = over ? to_string(outcome) : status;
  if (const auto back = rollback_text(run, terminal); !back.empty()) result = back + ": " + result;
  return {over ? mark(terminal, outcome) : inked(terminal, Ink::cyan, terminal.unicode ? "▶" : ">"),
          shown_text(run, "id"),
          shown_text(run, "branch"),
          shown_text(run, "commit").substr(0, 7),
          ago(time_in(run.value("requested_at", nlohmann::json())), wall_clock()),
          duration.is_number() ? human_duration(Milliseconds{duration.get<std::int64_t>()}) : "",
          result};
}

int list_runs(const Invocation& call, const RunsQuery& query) {
  ServiceAccess service(call);
  auto body = service.get("/api/v1/runs?limit=" + std::to_string(query.limit) +
                          (query.repository.empty() ? "" : "&repository=" + query.repository));
  if (!body) return body.code();
  if (call.common.json) {
    call.parts.out(*body);
    return exit_ok;
  }
  auto json = parse_json(*body);
  Table table({"", "RUN", "BRANCH", "COMMIT", "WHEN", "TOOK", "RESULT"});
  for (const auto& run : json["runs"]) table.add(run_cells(run, call.terminal));
  call.parts.out(table.empty() ? "no runs yet: push a commit to a watched branch, or try one here:\n  quietgate run\n"
                               : table.text(call.terminal));
  return exit_ok;
}

}  // namespace

Verb runs_verb() {
  auto query = std::make_shared<RunsQuery>();
  Verb verb{"runs", "List runs, newest first", verb_group::look};
  verb.options.text("REPOSITORY", query->repository, "Only runs of this repository").completes(ServiceName::repository);
  verb.options.number("-n,--limit", query->limit, "Maximum number of runs").between(1, 500);
  verb.run = [query](const Invocation& call) { return list_runs(call, *query); };
  return verb;
}

}  // namespace quietgate
