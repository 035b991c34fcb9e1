#include "runner/cli/verbs/approve.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/invocation.h"
#include "runner/cli/service_access.h"

namespace quietgate {

namespace {

struct ApprovalAnswer {
  std::string run;
  std::string stage;
  std::string reason;
  bool refuse = false;
};

int answer_approval(const Invocation& call, const ApprovalAnswer& answer) {
  ServiceAccess service(call);
  auto run = service.run_named(answer.run);
  if (!run) return run.code();
  nlohmann::json body{{"granted", !answer.refuse}};
  if (!answer.reason.empty()) body["reason"] = answer.reason;
  return service.change("/api/v1/runs/" + *run + "/stages/" + answer.stage + "/approval", json_text(body),
                        "stage " + answer.stage + " of " + *run + (answer.refuse ? " was refused" : " was approved"));
}

}  // namespace

Verb approve_verb() {
  auto answer = std::make_shared<ApprovalAnswer>();
  Verb verb{"approve", "Approve or refuse a stage that waits for a person", verb_group::decide};
  verb.options.run(answer->run).required();
  verb.options.text("STAGE", answer->stage, "Name of the stage").required().completes(ServiceName::stage);
  verb.options.flag("--refuse", answer->refuse, "Refuse instead of approving");
  verb.options.text("--reason", answer->reason, "Recorded with the answer");
  verb.run = [answer](const Invocation& call) { return answer_approval(call, *answer); };
  return verb;
}

}  // namespace quietgate
