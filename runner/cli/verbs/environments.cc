#include "runner/cli/verbs/environments.h"

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

std::vector<std::string> environment_cells(const nlohmann::json& environment, const Terminal& terminal) {
  const auto time = [&](const char* key) { return time_in(environment.value(key, nlohmann::json())); };
  const auto left = time("expires_at") - wall_clock();
  const auto status = shown_text(environment, "status");
  EnvironmentStatus known = EnvironmentStatus::planned;
  const bool failing = parse_environment_status(status, known) && known == EnvironmentStatus::failing;
  return {shown_text(environment, "id"),
          shown_text(environment, "run") + " " + shown_text(environment, "stage"),
          shown_text(environment, "provisioner"),
          failing ? inked(terminal, Ink::red, status) : status,
          ago(time("created_at"), wall_clock()),
          environment.value("keep", false) ? "kept"
          : left < Milliseconds{0}         ? "overdue"
                                           : "in " + human_duration(left),
          shown_text(environment, "problem")};
}

int list_environments(const Invocation& call) {
  ServiceAccess service(call);
  auto body = service.get("/api/v1/environments");
  if (!body) return body.code();
  if (call.common.json) {
    call.parts.out(*body);
    return exit_ok;
  }
  auto json = parse_json(*body);
  Table table({"ENVIRONMENT", "OF", "BY", "STATUS", "CREATED", "EXPIRES", "PROBLEM"});
  for (const auto& each : json["environments"]) table.add(environment_cells(each, call.terminal));
  call.parts.out(table.empty() ? "no environments: they live from an `apply` stage to the end of its run\n"
                               : table.text(call.terminal));
  return exit_ok;
}

int destroy_environment(const Invocation& call, const std::string& environment) {
  return ServiceAccess(call).change("/api/v1/environments/" + environment + "/destroy", "{}",
                                    environment + " will be destroyed; see `quietgate environments`");
}

}  // namespace

Verb environments_verb() {
  auto destroy = std::make_shared<std::string>();
  Verb verb{"environments", "List existing environments, also those that can't be destroyed", verb_group::look};
  verb.options.text("--destroy", *destroy, "Destroy this environment, even if it is kept")
      .completes(ServiceName::environment);
  verb.run = [destroy](const Invocation& call) {
    return destroy->empty() ? list_environments(call) : destroy_environment(call, *destroy);
  };
  return verb;
}

}  // namespace quietgate
