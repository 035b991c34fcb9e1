// The verbs that change something: one request each, and what it did.
#include <nlohmann/json.hpp>

#include "runner/cli/cli.h"

namespace quietgate {

using Json = nlohmann::json;

int ServiceVerbs::change(const std::string& path, const std::string& body, const std::string& said) {
  auto reply = client_.post(path, body);
  if (!reply) return fail(reply.error(), exit_unreachable);
  if (reply->status / 100 != 2) return refuse(*reply);
  parts_.out(common_.json ? reply->body : said + "\n");
  return exit_ok;
}

int ServiceVerbs::cancel(const std::string& name, const std::string& reason) {
  auto run = resolve(name);
  if (auto* code = std::get_if<int>(&run)) return *code;
  const auto& id = std::get<std::string>(run);
  Json body = Json::object();
  if (!reason.empty()) body["reason"] = reason;
  return change("/api/v1/runs/" + id + "/cancel", body.dump(),
                id + " ends: its stages are stopped and its environments destroyed");
}

int ServiceVerbs::retry(const std::string& name, bool follow) {
  auto run = resolve(name);
  if (auto* code = std::get_if<int>(&run)) return *code;
  const auto& id = std::get<std::string>(run);
  return requested(client_.post("/api/v1/runs/" + id + "/retry", ""), follow);
}

int ServiceVerbs::start(const std::string& repository, const std::string& branch, const std::string& commit,
                        bool follow) {
  Json body{{"repository", repository}};
  if (branch.empty() && commit.empty()) {
    auto only = only_branch(repository);
    if (auto* code = std::get_if<int>(&only)) return *code;
    body["branch"] = std::get<std::string>(only);
  }
  if (!branch.empty()) body["branch"] = branch;
  if (!commit.empty()) body["commit"] = commit;
  return requested(client_.post("/api/v1/runs", body.dump()), follow);
}

std::variant<std::string, int> ServiceVerbs::only_branch(const std::string& repository) {
  auto reply = client_.get("/api/v1/repositories");
  if (!reply) return fail(reply.error(), exit_unreachable);
  if (reply->status != 200) return refuse(*reply);
  auto json = Json::parse(reply->body, nullptr, false);
  for (const auto& each : json.value("repositories", Json::array())) {
    if (each.value("name", std::string()) != repository) continue;
    const auto branches = each.value("branches", Json::array());
    if (branches.size() == 1) return branches[0].value("name", std::string());
    std::string names;
    for (const auto& branch : branches) {
      names += (names.empty() ? "" : ", ") + printable(branch.value("name", std::string()));
    }
    if (names.empty())
      return fail(user_error("no branch of " + repository + " was seen yet", "push one"), exit_refused);
    return fail(user_error("which branch of " + repository + "?", "name it with --branch: " + names), exit_usage);
  }
  return fail(user_error("the repository `" + printable(repository) + "` is not watched",
                         "add it to the service's configuration"),
              exit_refused);
}

int ServiceVerbs::requested(const Result<Reply>& reply, bool follow) {
  if (!reply) return fail(reply.error(), exit_unreachable);
  if (reply->status / 100 != 2) return refuse(*reply);
  auto json = Json::parse(reply->body, nullptr, false);
  const auto run = json.is_object() ? json.value("id", std::string()) : std::string();
  if (follow && !common_.json) return follow_run(run);
  parts_.out(common_.json ? reply->body : run + " was requested; follow it: quietgate show " + run + " --follow\n");
  return exit_ok;
}

int ServiceVerbs::approve(const std::string& name, const std::string& stage, bool granted, const std::string& reason) {
  auto run = resolve(name);
  if (auto* code = std::get_if<int>(&run)) return *code;
  const auto& id = std::get<std::string>(run);
  Json body{{"granted", granted}};
  if (!reason.empty()) body["reason"] = reason;
  return change("/api/v1/runs/" + id + "/stages/" + stage + "/approval", body.dump(),
                "stage " + stage + " of " + id + (granted ? " was approved" : " was refused"));
}

int ServiceVerbs::promote(const std::string& name, const std::string& reason, bool override_gate, bool follow) {
  auto run = resolve(name);
  if (auto* code = std::get_if<int>(&run)) return *code;
  const auto& id = std::get<std::string>(run);
  const Json body{{"reason", reason}, {"override", override_gate}};
  const auto code =
      change("/api/v1/runs/" + id + "/promote", body.dump(),
             id + " is promoted by hand; its promote stage runs again: quietgate show " + id + " --follow");
  return code == exit_ok && follow && !common_.json ? follow_run(id) : code;
}

int ServiceVerbs::rollback(const std::string& name, const std::string& reason, bool follow) {
  auto run = resolve(name);
  if (auto* code = std::get_if<int>(&run)) return *code;
  const Json body{{"reason", reason}};
  return requested(client_.post("/api/v1/runs/" + std::get<std::string>(run) + "/rollback", body.dump()), follow);
}

int ServiceVerbs::evidence(const std::string& name) {
  auto run = resolve(name);
  if (auto* code = std::get_if<int>(&run)) return *code;
  const auto& id = std::get<std::string>(run);
  auto reply = client_.get("/api/v1/runs/" + id + "/evidence");
  if (!reply) return fail(reply.error(), exit_unreachable);
  if (reply->status != 200) return refuse(*reply);
  if (common_.json) {
    parts_.out(reply->body);
    return exit_ok;
  }
  const auto json = Json::parse(reply->body, nullptr, false);
  const auto list = json.is_object() ? json.value("evidence", Json::array()) : Json::array();
  for (const auto& one : list) parts_.out(one.value("envelope", std::string()) + "\n");
  if (!list.empty()) return exit_ok;
  return fail(
      user_error("run " + id + " has promoted nothing, so there is no evidence", "see `quietgate show " + id + "`"),
      exit_refused);
}

int ServiceVerbs::destroy(const std::string& environment) {
  return change("/api/v1/environments/" + environment + "/destroy", "{}",
                environment + " will be destroyed; see `quietgate environments`");
}

}  // namespace quietgate
