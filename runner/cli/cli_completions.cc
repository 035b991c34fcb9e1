// Names that only the service knows, for the shell.
#include <nlohmann/json.hpp>

#include "runner/cli/cli.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;

// A word with a space or a control character would be torn by the shell; the service never makes such names.
std::string word_of(const Json& json, const char* key) {
  auto text = json.is_object() ? json.value(key, Json()) : Json();
  if (!text.is_string() || text.get_ref<const std::string&>() != printable(text.get_ref<const std::string&>()))
    return {};
  return text.get<std::string>();
}

}  // namespace

std::vector<Completion> ServiceVerbs::completions(std::string_view kind, std::string_view run) {
  const char* list = kind == "ENVIRONMENT" ? "environments" : kind == "REPOSITORY" ? "repositories" : "runs";
  std::string path = "/api/v1/" + std::string(list);
  if (kind == "RUN") path += "?limit=50";
  if (kind == "STAGE") {
    list = "stages";
    path += "/" + std::string(run);
  }
  std::vector<Completion> found;
  const auto reply = client_.get(path);
  if (!reply || reply->status != 200) return found;
  const auto json = Json::parse(reply->body, nullptr, false);
  if (!json.is_object() || !json.contains(list) || !json[list].is_array()) return found;
  for (const auto& each : json[list]) {
    auto word = word_of(each, kind == "STAGE" || kind == "REPOSITORY" ? "name" : "id");
    if (word.empty()) continue;
    auto help = word_of(each, "status");
    if (auto outcome = word_of(each, "outcome"); !outcome.empty()) help = outcome;
    if (auto branch = word_of(each, "branch"); !branch.empty()) help = branch + ", " + help;
    found.push_back({std::move(word), std::move(help)});
  }
  return found;
}

}  // namespace quietgate
