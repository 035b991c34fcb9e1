// The verbs that change something: one request each, and what it did.
#include <nlohmann/json.hpp>

#include "runner/cli.h"

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
  auto reply = client_.post("/api/v1/runs/" + id + "/retry", "");
  if (!reply) return fail(reply.error(), exit_unreachable);
  if (reply->status / 100 != 2) return refuse(*reply);
  auto json = Json::parse(reply->body, nullptr, false);
  const auto again = json.is_object() ? json.value("id", std::string()) : std::string();
  if (follow && !common_.json) return follow_run(again);
  parts_.out(common_.json ? reply->body : again + " was requested; follow it: quietgate show " + again + " --follow\n");
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

int ServiceVerbs::destroy(const std::string& environment) {
  return change("/api/v1/environments/" + environment + "/destroy", "{}",
                environment + " will be destroyed; see `quietgate environments`");
}

}  // namespace quietgate
