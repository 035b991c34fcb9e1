#include "runner/cli/verbs/complete.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/completions.h"
#include "runner/cli/invocation.h"
#include "runner/cli/service_access.h"
#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

namespace {

// The shell would tear a word with a space or a control character; the service never makes such names.
std::string whole_word(const nlohmann::json& json, const char* key) {
  auto text = json.is_object() ? json.value(key, nlohmann::json()) : nlohmann::json();
  if (!text.is_string() || text.get_ref<const std::string&>() != printable(text.get_ref<const std::string&>()))
    return {};
  return text.get<std::string>();
}

// Where the service lists names, and how.
struct NameList {
  std::string path;
  const char* list;
  const char* key;
};

NameList list_of(ServiceName name, std::string_view run) {
  switch (name) {
    case ServiceName::environment:
      return {"/api/v1/environments", "environments", "id"};
    case ServiceName::repository:
      return {"/api/v1/repositories", "repositories", "name"};
    case ServiceName::stage:
      return {"/api/v1/runs/" + std::string(run), "stages", "name"};
    case ServiceName::run:
    case ServiceName::none:
      break;
  }
  return {"/api/v1/runs?limit=50", "runs", "id"};
}

// Nothing when the service doesn't answer.
std::vector<Completion> service_completions(ServiceAccess& service, ServiceName name, std::string_view run) {
  const auto [path, list, key] = list_of(name, run);
  std::vector<Completion> found;
  const auto body = service.get_if_there(path);
  const auto json = body ? parse_json(*body) : nlohmann::json();
  if (!json.is_object() || !json.contains(list) || !json[list].is_array()) return found;
  for (const auto& each : json[list]) {
    auto word = whole_word(each, key);
    if (word.empty()) continue;
    auto help = whole_word(each, "status");
    if (auto outcome = whole_word(each, "outcome"); !outcome.empty()) help = outcome;
    if (auto branch = whole_word(each, "branch"); !branch.empty()) help = branch + ", " + help;
    found.push_back({std::move(word), std::move(help)});
  }
  return found;
}

int print_completions(const Invocation& call, const std::vector<std::string>& words) {
  ServiceAccess service(call);
  const auto source = [&](ServiceName name, std::string_view run) { return service_completions(service, name, run); };
  for (const auto& found : complete(call.line, words, source)) call.parts.out(found.word + "\t" + found.help + "\n");
  return exit_ok;
}

}  // namespace

Verb complete_verb() {
  auto words = std::make_shared<std::vector<std::string>>();
  Verb verb{"complete", "Used by the scripts of `completion`", verb_group::hidden};
  verb.options.list("WORDS", *words, "");
  verb.run = [words](const Invocation& call) { return print_completions(call, *words); };
  return verb;
}

}  // namespace quietgate
