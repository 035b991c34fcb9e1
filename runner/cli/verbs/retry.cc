#include "runner/cli/verbs/retry.h"

#include <memory>

#include "runner/cli/follow_run.h"
#include "runner/cli/invocation.h"
#include "runner/cli/service_access.h"

namespace quietgate {

namespace {

struct RetryRequest {
  std::string run;
  bool follow = false;
};

int retry_run(const Invocation& call, const RetryRequest& request) {
  ServiceAccess service(call);
  auto run = service.run_named(request.run);
  if (!run) return run.code();
  return request_run(service, "/api/v1/runs/" + *run + "/retry", "", request.follow);
}

}  // namespace

Verb retry_verb() {
  auto request = std::make_shared<RetryRequest>();
  Verb verb{"retry", "Run the commit of an ended run again", verb_group::decide};
  verb.options.run(request->run).required();
  verb.options.flag("-f,--follow", request->follow, "Follow it until it ends");
  verb.run = [request](const Invocation& call) { return retry_run(call, *request); };
  return verb;
}

}  // namespace quietgate
