#include "runner/engine/stage_request.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "runner/base/glob.h"
#include "runner/model/expression.h"
#include "runner/model/stage_templates.h"

namespace quietgate {

namespace {

std::optional<std::string> tail_of(const std::string& name, const std::string& head) {
  return name.starts_with(head) ? std::optional<std::string>(name.substr(head.size())) : std::nullopt;
}

std::optional<std::string> find_in(const std::map<std::string, std::string>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? std::nullopt : std::optional<std::string>(found->second);
}

std::optional<std::string> value_of(const RunState& state, const Repository& repository, const StageSpec& spec,
                                    const std::string& name) {
  if (const auto secret = tail_of(name, "secrets.")) {
    const auto& declared = state.plan->secrets;
    const bool may = is_protected(repository, state.branch) &&
                     std::find(declared.begin(), declared.end(), *secret) != declared.end();
    return may ? find_in(repository.secrets, *secret) : std::nullopt;
  }
  if (const auto variable = tail_of(name, "environment.")) return find_in(spec.environment, *variable);
  return stage_value(state, name);
}

std::vector<std::string> to_mask(const Repository& repository) {
  std::vector<std::string> secrets;
  for (const auto& [name, value] : repository.secrets) {
    if (!value.empty()) secrets.push_back(value);
  }
  const auto& password = repository.remote.credentials.password;
  if (!password.empty()) secrets.push_back(password);
  return secrets;
}

void tell_steps(StageRequest& request) {
  auto& environment = request.environment;
  environment["CI"] = "true";
  environment["QUIETGATE_RUN"] = to_string(request.run);
  environment["QUIETGATE_REPOSITORY"] = request.run.repository;
  environment["QUIETGATE_COMMIT"] = request.commit;
  environment["QUIETGATE_BRANCH"] = request.branch;
  environment["QUIETGATE_STAGE"] = request.spec.name;
  environment["QUIETGATE_ATTEMPT"] = std::to_string(request.attempt);
  for (const auto& [name, value] : request.spec.environment) environment[name] = value;
}

}  // namespace

bool is_protected(const Repository& repository, const std::string& branch) {
  return any_glob_matches(repository.protected_branches, branch);
}

Result<StageRequest> stage_request(const RunState& state, const Repository& repository, const std::string& stage,
                                   const std::map<std::string, std::string>& step_environment) {
  const auto& spec = *state.plan->find(stage);
  if (traits_of(spec).promotes && !is_protected(repository, state.branch)) {
    return user_error(
        "branch `" + state.branch + "` is not protected, so its runs may not promote",
        "add it to `protected` of this repository in the service's configuration, or promote from a protected branch");
  }
  // Of an `apply` stage, ports.* and apply.* stay: the stage itself knows them.
  auto resolved = resolve(spec, [&](const std::string& name) { return value_of(state, repository, spec, name); });
  if (!resolved) return resolved.error();
  const auto& attempt = state.stages.at(stage);
  StageRequest request;
  request.spec = std::move(*resolved);
  request.run = state.id;
  request.commit = state.commit;
  request.branch = state.branch;
  request.remote = repository.remote;
  request.attempt = attempt.attempt;
  request.boot = attempt.boot;
  request.nonce = attempt.nonce;
  for (const auto& name : judges(request.spec)) {
    const auto judged = state.stages.find(name);
    if (judged != state.stages.end() && judged->second.status == StageStatus::finished)
      request.finished[name] = judged->second.outcome;
  }
  request.secrets = to_mask(repository);
  request.environment = step_environment;
  request.run_started = state.started;
  tell_steps(request);
  return request;
}

}  // namespace quietgate
