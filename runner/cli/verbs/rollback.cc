#include "runner/cli/verbs/rollback.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/follow_run.h"
#include "runner/cli/invocation.h"
#include "runner/cli/service_access.h"

namespace quietgate {

namespace {

struct RollbackRequest {
  std::string run;
  std::string reason;
  bool follow = false;
};

int roll_back(const Invocation& call, const RollbackRequest& request) {
  ServiceAccess service(call);
  auto run = service.run_named(request.run);
  if (!run) return run.code();
  const nlohmann::json body{{"reason", request.reason}};
  return request_run(service, "/api/v1/runs/" + *run + "/rollback", json_text(body), request.follow);
}

}  // namespace

Verb rollback_verb() {
  auto request = std::make_shared<RollbackRequest>();
  Verb verb{"rollback", "Undo a run's promotion: move the branch back, and deploy the earlier commit",
            verb_group::decide};
  verb.options.run(request->run).required();
  verb.options.text("--reason", request->reason, "Kept with the evidence").required();
  verb.options.flag("-f,--follow", request->follow, "Follow it until it ends");
  verb.run = [request](const Invocation& call) { return roll_back(call, *request); };
  return verb;
}

}  // namespace quietgate
