#include "runner/cli/verbs/start.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/follow_run.h"
#include "runner/cli/invocation.h"
#include "runner/cli/service_access.h"
#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

namespace {

struct StartRequest {
  std::string repository;
  std::string branch;
  std::string commit;
  bool follow = false;
};

// The branch of a repository that has only one.
OrExit<std::string> only_branch(ServiceAccess& service, const std::string& repository) {
  auto body = service.get("/api/v1/repositories");
  if (!body) return body.code();
  const auto& call = service.call();
  auto json = parse_json(*body);
  for (const auto& each : json.value("repositories", nlohmann::json::array())) {
    if (each.value("name", std::string()) != repository) continue;
    const auto branches = each.value("branches", nlohmann::json::array());
    if (branches.size() == 1) return branches[0].value("name", std::string());
    std::string names;
    for (const auto& branch : branches)
      names += (names.empty() ? "" : ", ") + printable(branch.value("name", std::string()));
    if (names.empty())
      return call.fail(user_error("no branch of " + repository + " was seen yet", "push one"), exit_refused);
    return call.fail(user_error("which branch of " + repository + "?", "name it with --branch: " + names), exit_usage);
  }
  return call.fail(user_error("the repository `" + printable(repository) + "` is not watched",
                              "add it to the service's configuration"),
                   exit_refused);
}

int start_run(const Invocation& call, const StartRequest& request) {
  ServiceAccess service(call);
  nlohmann::json body{{"repository", request.repository}};
  if (request.branch.empty() && request.commit.empty()) {
    auto only = only_branch(service, request.repository);
    if (!only) return only.code();
    body["branch"] = *only;
  }
  if (!request.branch.empty()) body["branch"] = request.branch;
  if (!request.commit.empty()) body["commit"] = request.commit;
  return request_run(service, "/api/v1/runs", json_text(body), request.follow);
}

}  // namespace

Verb start_verb() {
  auto request = std::make_shared<StartRequest>();
  Verb verb{"start", "Run a branch's newest commit now, without a push", verb_group::decide};
  verb.options.text("REPOSITORY", request->repository, "Name of a watched repository")
      .required()
      .completes(ServiceName::repository);
  verb.options.text("--branch", request->branch, "The branch (default: the only branch)");
  verb.options.text("--commit", request->commit,
                    "A commit of an earlier run, or the newest commit of a branch; at least 7 digits");
  verb.options.flag("-f,--follow", request->follow, "Follow it until it ends; the exit code is the run's");
  verb.run = [request](const Invocation& call) { return start_run(call, *request); };
  return verb;
}

}  // namespace quietgate
