#include "runner/cli/verbs/promote.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/follow_run.h"
#include "runner/cli/invocation.h"
#include "runner/cli/service_access.h"

namespace quietgate {

namespace {

struct PromoteRequest {
  std::string run;
  std::string reason;
  bool override_gate = false;
  bool follow = false;
};

int promote_run(const Invocation& call, const PromoteRequest& request) {
  ServiceAccess service(call);
  auto run = service.run_named(request.run);
  if (!run) return run.code();
  const nlohmann::json body{{"reason", request.reason}, {"override", request.override_gate}};
  const auto code =
      service.change("/api/v1/runs/" + *run + "/promote", json_text(body),
                     *run + " is promoted by hand; its promote stage runs again: quietgate show " + *run + " --follow");
  return code == exit_ok && request.follow && !call.common.json ? follow_run(service, *run) : code;
}

}  // namespace

Verb promote_verb() {
  auto request = std::make_shared<PromoteRequest>();
  Verb verb{"promote", "Promote the commit of an ended run by hand", verb_group::decide};
  verb.options.run(request->run).required();
  verb.options.text("--reason", request->reason, "Kept with the evidence").required();
  verb.options.flag("--override", request->override_gate,
                    "Promote although the gate was loud or blind; the evidence says so");
  verb.options.flag("-f,--follow", request->follow, "Follow it until it ends");
  verb.run = [request](const Invocation& call) { return promote_run(call, *request); };
  return verb;
}

}  // namespace quietgate
