#include "runner/cli/service_access.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "runner/api/auth/token.h"
#include "runner/cli/service_json.h"

namespace quietgate {

namespace {

std::string local_user() {
  if (const auto* entry = ::getpwuid(::getuid()); entry != nullptr) return entry->pw_name;
  return "user " + std::to_string(::getuid());
}

std::string token_for(const Invocation& call) {
  if (const char* token = std::getenv("QUIETGATE_TOKEN"); token != nullptr && *token != '\0') return token;
  const auto data = call.data_directory();
  auto token = data.empty() ? Result<std::string>(std::string()) : read_token(data);
  return token ? *token : std::string();
}

}  // namespace

ServiceAccess::ServiceAccess(const Invocation& call)
    : call_(call), client_(call.common.server, token_for(call), local_user()) {}

OrExit<std::string> ServiceAccess::get(const std::string& path) {
  auto reply = client_.get(path);
  if (!reply) return unreachable(reply.error());
  if (reply->status != 200) return refused(*reply);
  return std::move(reply->body);
}

OrExit<std::string> ServiceAccess::post(const std::string& path, const std::string& body) {
  auto reply = client_.post(path, body);
  if (!reply) return unreachable(reply.error());
  if (reply->status / 100 != 2) return refused(*reply);
  return std::move(reply->body);
}

std::optional<std::string> ServiceAccess::get_if_there(const std::string& path) {
  auto reply = client_.get(path);
  if (!reply || reply->status != 200) return std::nullopt;
  return std::move(reply->body);
}

ExitCode ServiceAccess::change(const std::string& path, const std::string& body, const std::string& done) {
  auto answer = post(path, body);
  if (!answer) return answer.code();
  call_.parts.out(call_.common.json ? *answer : done + "\n");
  return exit_ok;
}

OrExit<std::string> ServiceAccess::run_named(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (parse_run_id(name).number > 0) return name;
    return call_.fail(user_error("`" + name + "` is not a run", "write it as `quietgate runs` does: hello/12"),
                      exit_usage);
  }
  auto body = get("/api/v1/runs?limit=1" + (name.empty() ? "" : "&repository=" + name));
  if (!body) return body.code();
  auto json = nlohmann::json::parse(*body, nullptr, false);
  if (json.is_object() && json["runs"].is_array() && !json["runs"].empty()) return shown_text(json["runs"][0], "id");
  return call_.fail(user_error(name.empty() ? "there are no runs yet" : "there are no runs of `" + name + "`",
                               "push a commit to a watched branch, or try a pipeline here: quietgate run"),
                    exit_refused);
}

ExitCode ServiceAccess::unreachable(const Error& error) const {
  return call_.fail(error, exit_unreachable);
}

ExitCode ServiceAccess::refused(const Reply& reply) const {
  auto json = nlohmann::json::parse(reply.body, nullptr, false);
  auto error = json.is_object() && json.contains("error") ? json["error"] : nlohmann::json::object();
  auto message = shown_text(error, "message");
  if (message.empty())
    message = "the service at " + client_.server() + " answered with status " + std::to_string(reply.status);
  auto advice = shown_text(error, "advice");
  if (reply.status == 401)
    advice = "name the service's data directory with --data, or set its token in QUIETGATE_TOKEN";
  return call_.fail(user_error(message, advice), reply.status >= 500 ? exit_unreachable : exit_refused);
}

}  // namespace quietgate
