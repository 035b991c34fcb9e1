#include "runner/cli/service_access.h"

#include <pwd.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "runner/adapters/git/git_head.h"
#include "runner/base/json.h"
#include "runner/cli/clone_data.h"
#include "runner/cli/local_client.h"
#include "runner/cli/service_client.h"
#include "runner/cli/service_json.h"

namespace quietgate {

namespace {

std::string local_user() {
  if (const auto* entry = ::getpwuid(::getuid()); entry != nullptr) return entry->pw_name;
  return "user " + std::to_string(::getuid());
}

}  // namespace

ServiceAccess::ServiceAccess(const Invocation& call)
    : call_(call),
      token_(known_token(call)),
      client_(std::make_unique<ServiceClient>(call.server(), token_.token, local_user())) {
  if (call.common.here) turn_to_this_clone();
}

bool ServiceAccess::turn_to(const std::string& directory) {
  auto local = LocalClient::open(directory);
  if (!local) {
    problem_ = local.error();
    return false;
  }
  client_ = std::move(*local);
  is_local_ = true;
  return true;
}

bool ServiceAccess::turn_to_this_clone() {
  const auto data = call_.data_directory();
  auto clone = repository_around(".");
  if (!clone) problem_ = user_error("this folder is in no Git repository", "change to a clone, or leave out --here");
  return clone && !data.empty() && turn_to(clone_data_of(*clone, data).directory);
}

Result<Reply> ServiceAccess::asked(const std::string& path) {
  if (call_.common.here && !is_local_) return *problem_;
  auto reply = client_->get(path);
  if (reply || is_local_ || !call_.common.server.empty() || !turn_to_this_clone()) return reply;
  call_.parts.err("quietgate: no service answers at " + call_.server() +
                  ": these are the runs of `quietgate run` in this clone\n");
  return client_->get(path);
}

OrExit<std::string> ServiceAccess::get(const std::string& path) {
  auto reply = asked(path);
  if (!reply) return unreachable(reply.error());
  if (reply->status != 200) return refused(*reply);
  return std::move(reply->body);
}

OrExit<std::string> ServiceAccess::post(const std::string& path, const std::string& body) {
  if (call_.common.here && !is_local_) return unreachable(*problem_);
  auto reply = client_->post(path, body);
  if (!reply) return unreachable(reply.error());
  if (reply->status / 100 != 2) return refused(*reply);
  return std::move(reply->body);
}

std::optional<std::string> ServiceAccess::get_if_there(const std::string& path) {
  auto reply = asked(path);
  if (!reply || reply->status != 200) return std::nullopt;
  return std::move(reply->body);
}

ExitCode ServiceAccess::change(const std::string& path, const std::string& body, const std::string& done) {
  auto answer = post(path, body);
  if (!answer) return answer.code();
  call_.parts.out(call_.common.json ? *answer : done + "\n");
  return exit_ok;
}

// A name that `quietgate run` gave to a clone is nobody else's: it holds a mark of the clone's path.
bool ServiceAccess::find_clone(const std::string& repository) {
  if (call_.common.here) return is_local_;
  if (is_local_ || !call_.common.server.empty()) return true;
  const auto clone = clone_data_named(repository, call_.data_directory());
  return !clone || turn_to(clone->directory);
}

OrExit<std::string> ServiceAccess::run_named(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (const auto run = parse_run_id(name); run.number > 0) {
      if (!find_clone(run.repository)) return unreachable(*problem_);
      return name;
    }
    return call_.fail(user_error("`" + name + "` is not a run", "write it as `quietgate runs` does: hello/12"),
                      exit_usage);
  }
  if (!name.empty() && !find_clone(name)) return unreachable(*problem_);
  auto body = get("/api/v1/runs?limit=1" + (name.empty() ? "" : "&repository=" + name));
  if (!body) return body.code();
  auto json = parse_json(*body);
  if (json.is_object() && json["runs"].is_array() && !json["runs"].empty()) return shown_text(json["runs"][0], "id");
  return call_.fail(user_error(name.empty() ? "there are no runs yet" : "there are no runs of `" + name + "`",
                               "push a commit to a watched branch, or try a pipeline here: quietgate run"),
                    exit_refused);
}

ExitCode ServiceAccess::unreachable(const Error& error) const {
  return call_.fail(error, error.kind == ErrorKind::user ? exit_refused : exit_unreachable);
}

ExitCode ServiceAccess::refused(const Reply& reply) const {
  auto json = parse_json(reply.body);
  auto error = json.is_object() && json.contains("error") ? json["error"] : nlohmann::json::object();
  auto message = shown_text(error, "message");
  if (message.empty()) message = client_->name() + " answered with status " + std::to_string(reply.status);
  auto advice = shown_text(error, "advice");
  if (reply.status == 401 && !is_local_ && token_.problem) return call_.fail(*token_.problem, exit_refused);
  if (reply.status == 401) {
    message = client_->name() + " does not know the token in " + token_.source;
    advice = "it is another service's, or was made anew: give the right data directory with --data";
  }
  return call_.fail(user_error(message, advice), reply.status >= 500 ? exit_unreachable : exit_refused);
}

}  // namespace quietgate
