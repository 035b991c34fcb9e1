#include "pipelines/language/templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace quietgate {

namespace {

const std::vector<std::string> commit_names{"sha", "short_sha", "branch", "message", "author"};
const std::vector<std::string> run_names{"id", "number", "repository"};
const std::vector<std::string> apply_names{"id", "directory"};

bool chosen_by_author(const std::string& name) {
  return name == "commit.message" || name == "commit.author" || name == "commit.branch";
}

template <class Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> out;
  for (const auto& [key, value] : map) out.push_back(key);
  return out;
}

std::vector<std::string> with_prefix(const std::string& group, const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& name : names) out.push_back(group + "." + name);
  return out;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void Templates::wrong(const Found& found, const Mention& mention, std::string message, std::string expected,
                      std::string hint) {
  diagnostics_.add(position_in(diagnostics_.source(), *found.node, mention.offset, mention.length), std::move(message),
                   std::move(expected), std::move(hint));
}

std::optional<std::string> Templates::value_of(const std::string& name) const {
  const PlanContext& context = *scope_.context;
  const auto value = [](const auto& map, const std::string& key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
  };
  if (name == "commit.sha") return context.commit;
  if (name == "commit.short_sha") return context.commit.substr(0, 7);
  if (name == "commit.branch") return context.branch;
  if (name == "commit.message") return context.message;
  if (name == "commit.author") return context.author;
  if (name == "run.id") return to_string(context.run);
  if (name == "run.number") return std::to_string(context.run.number);
  if (name == "run.repository") return context.run.repository;
  if (name.starts_with("matrix.")) {
    if (const auto* text = value(scope_.matrix, name.substr(7))) return *text;
  }
  if (name.starts_with("environment.")) {
    // A value that is only known while the run goes stays a name; the stage's resolved environment answers it then.
    if (const auto* variable = value(scope_.environment, name.substr(12))) return variable->known;
  }
  return std::nullopt;
}

bool Templates::check_command_safety(const Found& found, const Mention& mention, Use use) {
  if (use != Use::shell && use != Use::argument) return true;
  bool untrusted = chosen_by_author(mention.name);
  bool secret = mention.name.starts_with("secrets.");
  if (mention.name.starts_with("environment.")) {
    const auto variable = scope_.environment.find(mention.name.substr(12));
    if (variable != scope_.environment.end()) {
      untrusted = variable->second.untrusted;
      secret = variable->second.secret;
    }
  }
  if (secret) {
    wrong(found, mention, fmt::format("`{}` would be visible in the list of processes", mention.name), {},
          "give it to the command by `environment:`, and use \"$NAME\" in the command");
    return false;
  }
  if (untrusted && use == Use::shell) {
    wrong(found, mention,
          fmt::format("`{}` would be run as shell text, and the author of a commit chooses its value", mention.name),
          {}, "set a variable in `environment:` to it and use \"$NAME\", or give `run` a list of arguments");
    return false;
  }
  return true;
}

bool Templates::check_group(const Found& found, const Mention& mention, const std::string& group,
                            const std::string& name) {
  const auto one_of = [&](const std::vector<std::string>& names, const std::string& otherwise) {
    if (contains(names, name)) return true;
    const std::vector<std::string> full = with_prefix(group, names);
    wrong(found, mention, fmt::format("there is no `{}`", mention.name),
          full.empty() ? otherwise : "one of " + joined(full), did_you_mean(mention.name, full));
    return false;
  };
  if (group == "commit") return one_of(commit_names, {});
  if (group == "run") return one_of(run_names, {});
  if (group == "environment") return one_of(keys_of(scope_.environment), "a variable set in `environment:` before");
  if (group == "secrets") return one_of(scope_.secrets, "a name listed in the pipeline's `secrets:`");
  if (group == "matrix") return one_of(keys_of(scope_.matrix), "a key of the stage's `matrix:`");
  if (group == "ports" || group == "apply") {
    if (!scope_.in_apply) {
      wrong(found, mention, fmt::format("`{}` is known only inside an `apply:`", mention.name));
      return false;
    }
    return group == "apply" ? one_of(apply_names, {}) : one_of(scope_.ports, "a name listed in the apply's `ports:`");
  }
  if (group == "stages") {
    if (!scope_.in_stage) {
      wrong(found, mention, "`stages.*` is known only inside a stage");
      return false;
    }
    scope_.references.push_back(
        {StageReference::Kind::expression, mention.name, found.node->at, found.node, mention.offset, mention.length});
    return true;
  }
  const std::vector<std::string> groups{"commit",  "run",   "stages", "environment",
                                        "secrets", "ports", "apply",  "matrix"};
  wrong(found, mention, fmt::format("there is nothing named `{}`", group), "one of " + joined(groups),
        did_you_mean(group, groups));
  return false;
}

bool Templates::check(const Found& found, const Mention& mention, Use use) {
  if (mention.name.ends_with("()")) {
    const bool status = mention.name == "success()" || mention.name == "failure()" || mention.name == "cancelled()" ||
                        mention.name == "always()";
    if (status && use != Use::condition)
      wrong(found, mention, fmt::format("`{}` is known only in `if:`", mention.name));
    return !status || use == Use::condition;
  }
  const std::size_t dot = mention.name.find('.');
  const std::string group = mention.name.substr(0, dot);
  if (!check_group(found, mention, group, mention.name.substr(dot + 1))) return false;
  if (use == Use::condition && group == "secrets") {
    wrong(found, mention, "a secret can't decide whether a stage runs", {}, "conditions are printed and logged");
    return false;
  }
  return check_command_safety(found, mention, use);
}

std::optional<std::vector<Mention>> Templates::checked_mentions(const Found& found, Use use) {
  const auto answer = mentions(found.node->text, use == Use::condition);
  if (const auto* problem = std::get_if<ExpressionError>(&answer)) {
    diagnostics_.add(position_in(diagnostics_.source(), *found.node, problem->offset, problem->length),
                     problem->message);
    return std::nullopt;
  }
  bool right = true;
  for (const Mention& mention : std::get<0>(answer)) right = check(found, mention, use) && right;
  if (!right) return std::nullopt;
  return std::get<0>(answer);
}

std::optional<std::string> Templates::read(const Found& found, Use use) {
  if (!checked_mentions(found, use)) return std::nullopt;
  const Lookup lookup = [this](const std::string& name) { return value_of(name); };
  const std::string& text = found.node->text;
  auto answer = use == Use::condition ? resolve_known_condition(text, lookup)
                : use == Use::settled ? resolve(text, lookup)
                                      : resolve_known(text, lookup);
  if (answer.ok()) {
    scope_.budget->charge(found.node->at, 1, answer->size());
    return std::move(*answer);
  }
  diagnostics_.add(
      found.node->at, answer.error().message,
      use == Use::settled ? "a value known when the file is compiled: commit, run, environment, matrix" : "",
      answer.error().cause == ErrorCause::unknown_name ? "" : answer.error().advice);
  return std::nullopt;
}

std::optional<EnvironmentValue> Templates::read_variable(const Found& found) {
  const auto names = checked_mentions(found, Use::plain);
  auto text = names ? read(found, Use::plain) : std::nullopt;
  if (!text) return std::nullopt;
  EnvironmentValue value{std::move(*text), false, false, std::nullopt};
  auto final_text = resolve(value.text, [](const std::string&) { return std::nullopt; });
  if (final_text.ok()) value.known = std::move(*final_text);
  for (const Mention& mention : *names) {
    value.untrusted = value.untrusted || chosen_by_author(mention.name);
    value.secret = value.secret || mention.name.starts_with("secrets.");
    if (!mention.name.starts_with("environment.")) continue;
    const EnvironmentValue& other = scope_.environment.at(mention.name.substr(12));
    value.untrusted = value.untrusted || other.untrusted;
    value.secret = value.secret || other.secret;
  }
  return value;
}

}  // namespace quietgate
