// The only source that knows the library which parses arguments.
#include "runner/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "pipelines/yaml/diagnostics.h"
#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

namespace {

void add_option(CLI::App& app, const Option& option) {
  auto* added = std::visit(
      [&](auto* target) {
        if constexpr (std::is_same_v<decltype(target), bool*>)
          return app.add_flag(option.names, *target, option.help);
        else
          return app.add_option(option.names, *target, option.help);
      },
      option.target);
  if (option.is_required) added->required();
  if (!option.variable.empty()) added->envname(option.variable);
  if (option.range) added->check(CLI::Range(option.range->first, option.range->second));
  if (!option.words.empty()) added->check(CLI::IsMember(option.words));
}

void add_verb(CLI::App& app, const Verb& verb) {
  auto* added = app.add_subcommand(verb.name, verb.help);
  added->group(verb.group);
  added->fallthrough();
  for (const auto& option : verb.options.all()) add_option(*added, option);
  if (!verb.below.empty()) added->require_subcommand(1);
  for (const auto& below : verb.below) add_verb(*added, below);
}

// The verbs that were chosen, from the outer to the inner one.
std::vector<const Verb*> chosen_verbs(const CommandLine& line, const CLI::App& app) {
  std::vector<const Verb*> chosen;
  const auto* list = &line.verbs;
  for (auto below = app.get_subcommands(); !below.empty(); below = below.front()->get_subcommands()) {
    const auto name = below.front()->get_name();
    const auto found =
        std::find_if(list->begin(), list->end(), [&name](const Verb& verb) { return verb.name == name; });
    chosen.push_back(&*found);
    list = &found->below;
  }
  return chosen;
}

// The library only says that a verb is missing.
std::optional<Error> unknown_verb(const CLI::App& app, const std::vector<Verb>& verbs, const std::string& help) {
  if (verbs.empty()) return std::nullopt;
  const auto words = app.remaining(true);
  const auto word = std::find_if(words.begin(), words.end(), [](const auto& each) { return !each.starts_with('-'); });
  if (word == words.end()) return std::nullopt;
  std::vector<std::string> names;
  for (const auto& verb : verbs) {
    if (!verb.group.empty()) names.push_back(verb.name);
  }
  const auto near = did_you_mean(*word, names);
  return user_error("there is no verb `" + printable(*word) + "`", (near.empty() ? "" : near + " ") + "see " + help);
}

Error refusal(const CommandLine& line, const CLI::App& app, const CLI::ParseError& problem) {
  const auto chosen = chosen_verbs(line, app);
  std::string help = "quietgate";
  for (const auto* verb : chosen) help += " " + verb->name;
  help += " --help";
  const bool verb_is_missing = chosen.empty() || !chosen.back()->below.empty();
  if (verb_is_missing) {
    if (auto error = unknown_verb(app, chosen.empty() ? line.verbs : chosen.back()->below, help)) return *error;
  }
  return user_error(problem.what(), "see " + help);
}

}  // namespace

Option help_option() {
  Option option;
  option.names = "-h,--help";
  option.help = "Print this help message and exit";
  return option;
}

Option version_option() {
  Option option;
  option.names = "--version";
  option.help = "Display program version information and exit";
  return option;
}

ParsedLine parse(const CommandLine& line, int count, const char* const* arguments) {
  CLI::App app(line.description, "quietgate");
  for (const auto& option : line.options.all()) add_option(app, option);
  app.set_version_flag("--version", "quietgate " + line.version);
  app.footer(line.footer);
  app.require_subcommand(1);
  app.get_formatter()->column_width(16);
  for (const auto& verb : line.verbs) add_verb(app, verb);
  ParsedLine parsed;
  try {
    app.parse(count, arguments);
    parsed.verb = chosen_verbs(line, app).back();
  } catch (const CLI::CallForHelp&) {
    const CLI::App* asked = &app;
    while (!asked->get_subcommands().empty()) asked = asked->get_subcommands().front();
    parsed.text = asked->help();
  } catch (const CLI::CallForVersion& version) {
    parsed.text = std::string(version.what()) + "\n";
  } catch (const CLI::ParseError& problem) {
    parsed.error = refusal(line, app, problem);
  }
  return parsed;
}

}  // namespace quietgate
