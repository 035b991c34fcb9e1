#include "runner/cli/cli_shell.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace quietgate {

namespace {

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); });
}

const CLI::App* verb_named(const CLI::App& app, std::string_view name) {
  for (const auto* verb : verbs_of(app)) {
    if (verb->get_name() == name) return verb;
  }
  return nullptr;
}

// The option that a word like `-f` or `--data` names, of the verb or of all verbs.
const CLI::Option* option_named(const CLI::App& app, const CLI::App* verb, const std::string& word) {
  for (const auto* owner : {verb, &app}) {
    if (owner == nullptr) continue;
    if (const auto* found = owner->get_option_no_throw(word); found != nullptr) return found;
  }
  return nullptr;
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

void add_options(const CLI::App& owner, std::vector<Completion>& found) {
  for (const auto* option : owner.get_options()) {
    for (const auto& name : option->get_lnames()) found.push_back({"--" + name, option->get_description()});
    if (!option->get_lnames().empty()) continue;
    for (const auto& name : option->get_snames()) found.push_back({"-" + name, option->get_description()});
  }
}

// What the words before the last one say.
struct Typed {
  const CLI::App* verb = nullptr;
  const CLI::Option* awaits = nullptr;  // an option whose value is the last word
  std::vector<std::string> positionals;
};

Typed read_words(const CLI::App& app, const std::vector<std::string>& words) {
  Typed typed;
  for (std::size_t at = 0; at + 1 < words.size(); ++at) {
    const auto& word = words[at];
    typed.awaits = nullptr;
    if (word.size() > 1 && word[0] == '-') {
      const auto* option = option_named(app, typed.verb, word);
      if (option == nullptr || !takes_value(*option)) continue;
      if (at + 2 < words.size())
        ++at;
      else
        typed.awaits = option;
    } else if (typed.verb == nullptr) {
      typed.verb = verb_named(app, word);
    } else if (const auto* below = verb_named(*typed.verb, word); below != nullptr) {
      typed.verb = below;
    } else {
      typed.positionals.push_back(word);
    }
  }
  return typed;
}

std::string kind_of(const Typed& typed) {
  if (typed.awaits != nullptr) {
    return typed.awaits->check_lname("destroy") ? std::string("ENVIRONMENT") : std::string();
  }
  std::size_t left = typed.positionals.size();
  for (const auto* option : typed.verb->get_options([](const CLI::Option* each) { return each->get_positional(); })) {
    if (left-- == 0) return option->get_name(true);
  }
  return {};
}

const char* const bash_script = R"(# quietgate: completion for bash. Try it: source <(quietgate completion bash)
_quietgate() {
  local words line
  mapfile -t words < <(quietgate complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  for line in "${words[@]}"; do COMPREPLY+=("${line%%$'\t'*}"); done
}
complete -o default -F _quietgate quietgate
)";

const char* const zsh_script = R"(#compdef quietgate
# quietgate: completion for zsh. Try it: source <(quietgate completion zsh)
_quietgate() {
  local line
  local -a found
  for line in "${(@f)$(quietgate complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  if (( ${#found} )); then _describe quietgate found; else _files; fi
}
compdef _quietgate quietgate
)";

const char* const fish_script = R"(# quietgate: completion for fish. Try it: quietgate completion fish | source
function __quietgate_complete
  set -l words (commandline -opc) (commandline -ct)
  quietgate complete -- $words[2..-1] 2>/dev/null
end
complete -c quietgate -a '(__quietgate_complete)'
)";

std::string troff(std::string_view text) {
  std::string safe;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) safe += "\\&";
    if (c == '\\')
      safe += "\\e";
    else if (c == '-')
      safe += "\\-";
    else
      safe += c;
    line_begins = c == '\n';
  }
  return safe;
}

std::string usage_of(const CLI::App& verb, const std::string& full_name) {
  std::string usage = ".B quietgate " + troff(full_name) + "\n";
  for (const auto* option : verb.get_options([](const CLI::Option* each) { return each->get_positional(); })) {
    const auto name = troff(option->get_name(true));
    usage += option->get_required() ? "\\fI" + name + "\\fR\n" : "[\\fI" + name + "\\fR]\n";
  }
  return usage;
}

std::string options_of(const CLI::App& owner) {
  std::string text;
  for (const auto* option : owner.get_options()) {
    if (option == owner.get_help_ptr() && owner.get_parent() != nullptr) continue;  // said once, of all verbs
    std::string names;
    for (const auto& name : option->get_snames()) names += (names.empty() ? "" : ", ") + ("-" + name);
    for (const auto& name : option->get_lnames()) names += (names.empty() ? "" : ", ") + ("--" + name);
    if (names.empty()) names = option->get_name(true);
    text += ".TP\n\\fB" + troff(names) + "\\fR\n" + troff(option->get_description()) + "\n";
  }
  return text;
}

std::string verbs_text(const CLI::App& app, const std::string& above) {
  std::string text;
  for (const auto* verb : verbs_of(app)) {
    const auto name = above + verb->get_name();
    text += ".SS " + troff(name) + "\n" + usage_of(*verb, name) + ".PP\n" + troff(verb->get_description()) + ".\n" +
            options_of(*verb) + verbs_text(*verb, name + " ");
  }
  return text;
}

}  // namespace

std::vector<Completion> complete(const CLI::App& app, const std::vector<std::string>& words,
                                 const CompletionSource& source) {
  const auto typed = read_words(app, words);
  const std::string begun = words.empty() ? std::string() : words.back();
  std::vector<Completion> found;
  if (typed.awaits == nullptr && begun.starts_with('-')) {
    if (typed.verb != nullptr) add_options(*typed.verb, found);
    add_options(app, found);
  } else if (typed.awaits == nullptr && (typed.verb == nullptr || !verbs_of(*typed.verb).empty())) {
    for (const auto* verb : verbs_of(typed.verb == nullptr ? app : *typed.verb))
      found.push_back({verb->get_name(), verb->get_description()});
  } else if (const auto kind = kind_of(typed); kind == "SHELL") {
    found = {{"bash", ""}, {"zsh", ""}, {"fish", ""}};
  } else if (kind == "RUN" || kind == "REPOSITORY" || kind == "STAGE" || kind == "ENVIRONMENT") {
    found = source(kind, typed.positionals.empty() ? std::string() : typed.positionals.front());
  }
  std::erase_if(found, [&](const Completion& each) { return !each.word.starts_with(begun); });
  return found;
}

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash_script;
  if (shell == "zsh") return zsh_script;
  if (shell == "fish") return fish_script;
  return {};
}

std::string manual_page(const CLI::App& app, std::string_view version) {
  std::string page =
      ".TH QUIETGATE 1 \"\" \"quietgate " + std::string(version) +
      "\"\n.SH NAME\nquietgate \\- "
      "continuous delivery that promotes only when the alert rules were provably quiet\n"
      ".SH SYNOPSIS\n.B quietgate\n[\\fIOPTIONS\\fR] \\fIVERB\\fR [\\fIARGUMENTS\\fR]\n.SH DESCRIPTION\n" +
      troff(app.get_description()) + "\n.SH VERBS\n" + verbs_text(app, "");
  page += ".SH OPTIONS OF ALL VERBS\n" + options_of(app);
  page += ".SH NOTES\n.nf\n" + troff(app.get_footer()) + "\n.fi\n";
  return page;
}

}  // namespace quietgate
