#include "runner/cli/verbs/artifacts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "runner/base/files_below.h"
#include "runner/base/json.h"
#include "runner/cli/artifact_fetch.h"
#include "runner/cli/service_access.h"
#include "runner/cli/terminal/screen_text.h"
#include "runner/cli/terminal/table.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;

struct ArtifactsQuery {
  std::string run;
  std::string stage;
  std::vector<std::string> paths;  // to be fetched
  bool all = false;
  std::string output = ".";
  int attempt = 0;  // 0: the last
};

std::string member_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// For the path of an address; slashes stay.
std::string escaped(const std::string& path) {
  std::string text;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~' || c == '/';
    text += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
}

int list_artifacts(const Invocation& call, const Json& listed, const std::string& stage) {
  Table table({"PATH", "BYTES", "MODE", "SHA256"});
  for (const auto& each : listed)
    table.add({printable(member_of(each, "path")), std::to_string(each.value("bytes", std::int64_t{0})),
               member_of(each, "mode"), member_of(each, "sha256")});
  call.parts.out(table.empty() ? stage + " kept no artifacts\n" : table.text(call.terminal));
  return exit_ok;
}

// Those that are asked for; fails when one of them is not listed.
OrExit<std::vector<Json>> wanted_of(const Invocation& call, const Json& listed, const ArtifactsQuery& query,
                                    const std::string& run) {
  std::vector<Json> wanted;
  for (const auto& each : listed) {
    if (query.all || std::find(query.paths.begin(), query.paths.end(), member_of(each, "path")) != query.paths.end())
      wanted.push_back(each);
  }
  for (const auto& path : query.paths) {
    if (std::any_of(wanted.begin(), wanted.end(), [&](const Json& each) { return member_of(each, "path") == path; }))
      continue;
    return call.fail(user_error(query.stage + " kept no `" + printable(path) + "`",
                                "see `quietgate artifacts " + run + " " + query.stage + "`"),
                     exit_refused);
  }
  return wanted;
}

// `address`: of the stage's artifacts; `attempt`: the parameter that names the attempt which was listed.
int fetch_all(ServiceAccess& service, const std::vector<Json>& wanted, const std::string& output,
              const std::string& address, const std::string& attempt) {
  const auto& call = service.call();
  std::error_code error;
  std::filesystem::create_directories(output, error);
  const auto root = open_root(output);
  if (root.problem != 0)
    return call.fail(user_error("can't write into " + output + ": " + std::strerror(root.problem)), exit_usage);
  for (const auto& each : wanted) {
    const ListedArtifact artifact{member_of(each, "path"), member_of(each, "sha256"),
                                  member_of(each, "mode") == "0755"};
    const auto where = output + "/" + printable(artifact.path);
    const auto problem =
        fetch_artifact(service.client(), address + "/" + escaped(artifact.path) + attempt, artifact, root.file, where);
    if (problem)
      return problem->refused ? service.refused(*problem->refused) : call.fail(problem->error, problem->code);
    if (!call.common.json) call.parts.out(where + "\n");
  }
  if (call.common.json) call.parts.out(json_text(Json{{"fetched", wanted}}) + "\n");
  return exit_ok;
}

int list_or_fetch(const Invocation& call, const ArtifactsQuery& query) {
  ServiceAccess service(call);
  auto run = service.run_named(query.run);
  if (!run) return run.code();
  const auto address = "/api/v1/runs/" + *run + "/stages/" + query.stage + "/artifacts";
  auto body = service.get(address + (query.attempt > 0 ? "?attempt=" + std::to_string(query.attempt) : ""));
  if (!body) return body.code();
  const auto listing = Json::parse(*body, nullptr, false);
  const auto listed = listing.is_object() ? listing.value("artifacts", Json::array()) : Json::array();
  if (!query.all && query.paths.empty()) {
    if (!call.common.json) return list_artifacts(call, listed, query.stage);
    call.parts.out(*body);
    return exit_ok;
  }
  auto wanted = wanted_of(call, listed, query, *run);
  if (!wanted) return wanted.code();
  // What was listed is what is fetched, also when a newer attempt ends meanwhile.
  return fetch_all(service, *wanted, query.output, address, "?attempt=" + std::to_string(listing.value("attempt", 1)));
}

}  // namespace

Verb artifacts_verb() {
  auto query = std::make_shared<ArtifactsQuery>();
  Verb verb{"artifacts", "List the files that a stage kept, or fetch them and check their digests", verb_group::look};
  auto& options = verb.options;
  options.run(query->run).required();
  options.text("STAGE", query->stage, "Name of the stage").required().completes(ServiceName::stage);
  options.list("PATH", query->paths, "Fetch these (default: list them all)");
  options.flag("--all", query->all, "Fetch all of them");
  options.text("--output", query->output, "Folder to fetch into (default: this one)");
  options.number("--attempt", query->attempt, "Number of the attempt (default: the last)").between(1, 1000);
  verb.run = [query](const Invocation& call) { return list_or_fetch(call, *query); };
  return verb;
}

}  // namespace quietgate
