#include "runner/cli/verbs/cancel.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/invocation.h"
#include "runner/cli/service_access.h"

namespace quietgate {

namespace {

struct CancelRequest {
  std::string run;
  std::string reason;
};

int cancel_run(const Invocation& call, const CancelRequest& request) {
  ServiceAccess service(call);
  auto run = service.run_named(request.run);
  if (!run) return run.code();
  auto body = nlohmann::json::object();
  if (!request.reason.empty()) body["reason"] = request.reason;
  return service.change("/api/v1/runs/" + *run + "/cancel", json_text(body),
                        *run + " ends: its stages are stopped and its environments destroyed");
}

}  // namespace

Verb cancel_verb() {
  auto request = std::make_shared<CancelRequest>();
  Verb verb{"cancel", "Stop a run; its environments are destroyed", verb_group::decide};
  verb.options.run(request->run).required();
  verb.options.text("--reason", request->reason, "Recorded with the run");
  verb.run = [request](const Invocation& call) { return cancel_run(call, *request); };
  return verb;
}

}  // namespace quietgate
