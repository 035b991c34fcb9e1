#include "runner/cli/verbs/evidence.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/invocation.h"
#include "runner/cli/service_access.h"

namespace quietgate {

namespace {

int print_evidence(const Invocation& call, const std::string& name) {
  ServiceAccess service(call);
  auto run = service.run_named(name);
  if (!run) return run.code();
  auto body = service.get("/api/v1/runs/" + *run + "/evidence");
  if (!body) return body.code();
  if (call.common.json) {
    call.parts.out(*body);
    return exit_ok;
  }
  const auto json = parse_json(*body);
  const auto list = json.is_object() ? json.value("evidence", nlohmann::json::array()) : nlohmann::json::array();
  for (const auto& one : list) call.parts.out(one.value("envelope", std::string()) + "\n");
  if (!list.empty()) return exit_ok;
  return call.fail(
      user_error("run " + *run + " has promoted nothing, so there is no evidence", "see `quietgate show " + *run + "`"),
      exit_refused);
}

}  // namespace

Verb evidence_verb() {
  auto run = std::make_shared<std::string>();
  Verb verb{"evidence", "Print the signed evidence of a run's promotions, one envelope per line", verb_group::look};
  verb.options.run(*run);
  verb.run = [run](const Invocation& call) { return print_evidence(call, *run); };
  return verb;
}

}  // namespace quietgate
