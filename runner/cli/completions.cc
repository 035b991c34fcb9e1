#include "runner/cli/completions.h"

#include <algorithm>

namespace quietgate {

namespace {

const Verb* verb_named(const std::vector<Verb>& verbs, std::string_view name) {
  const auto found = std::find_if(verbs.begin(), verbs.end(),
                                  [name](const Verb& verb) { return !verb.group.empty() && verb.name == name; });
  return found == verbs.end() ? nullptr : &*found;
}

const Option* option_among(const Options& options, const std::string& word) {
  for (const auto& option : options.all()) {
    const auto names = option.all_names();
    if (std::find(names.begin(), names.end(), word) != names.end()) return &option;
  }
  return nullptr;
}

// The option that a word like `-f` or `--data` names, of the verb or of all verbs.
const Option* option_named(const CommandLine& line, const Verb* verb, const std::string& word) {
  const auto* found = verb == nullptr ? nullptr : option_among(verb->options, word);
  return found != nullptr ? found : option_among(line.options, word);
}

void add_option_names(const Option& option, std::vector<Completion>& found) {
  if (option.is_argument()) return;
  const auto names = option.all_names();
  const bool has_long =
      std::any_of(names.begin(), names.end(), [](const auto& name) { return name.starts_with("--"); });
  for (const auto& name : names) {
    if (name.starts_with("--") == has_long) found.push_back({name, option.help});
  }
}

void add_options(const Options& options, std::vector<Completion>& found) {
  add_option_names(help_option(), found);
  for (const auto& option : options.all()) add_option_names(option, found);
}

// What the words before the last one say.
struct Typed {
  const Verb* verb = nullptr;
  const Option* awaits = nullptr;  // an option whose value is the last word
  std::vector<std::string> arguments;
};

Typed read_words(const CommandLine& line, const std::vector<std::string>& words) {
  Typed typed;
  for (std::size_t at = 0; at + 1 < words.size(); ++at) {
    const auto& word = words[at];
    typed.awaits = nullptr;
    if (word.size() > 1 && word[0] == '-') {
      const auto* option = option_named(line, typed.verb, word);
      if (option == nullptr || option->is_flag()) continue;
      if (at + 2 < words.size())
        ++at;
      else
        typed.awaits = option;
    } else if (typed.verb == nullptr) {
      typed.verb = verb_named(line.verbs, word);
    } else if (const auto* below = verb_named(typed.verb->below, word); below != nullptr) {
      typed.verb = below;
    } else {
      typed.arguments.push_back(word);
    }
  }
  return typed;
}

// The option or argument whose value the last word is; none: more words than arguments.
const Option* completed(const Typed& typed) {
  if (typed.awaits != nullptr) return typed.awaits;
  std::size_t left = typed.arguments.size();
  for (const auto& option : typed.verb->options.all()) {
    if (option.is_argument() && left-- == 0) return &option;
  }
  return nullptr;
}

std::vector<Completion> verb_completions(const std::vector<Verb>& verbs) {
  std::vector<Completion> found;
  for (const auto& verb : verbs) {
    if (!verb.group.empty()) found.push_back({verb.name, verb.help});
  }
  return found;
}

}  // namespace

std::vector<Completion> complete(const CommandLine& line, const std::vector<std::string>& words,
                                 const CompletionSource& source) {
  const auto typed = read_words(line, words);
  const std::string begun = words.empty() ? std::string() : words.back();
  std::vector<Completion> found;
  if (typed.awaits == nullptr && begun.starts_with('-')) {
    if (typed.verb != nullptr) add_options(typed.verb->options, found);
    add_options(line.options, found);
    add_option_names(version_option(), found);
  } else if (typed.awaits == nullptr && typed.verb == nullptr) {
    found = verb_completions(line.verbs);
  } else if (typed.awaits == nullptr && !typed.verb->below.empty()) {
    found = verb_completions(typed.verb->below);
  } else if (const auto* option = completed(typed); option != nullptr) {
    for (const auto& word : option->words) found.push_back({word, ""});
    if (option->completed_with != ServiceName::none)
      found = source(option->completed_with, typed.arguments.empty() ? std::string() : typed.arguments.front());
  }
  std::erase_if(found, [&](const Completion& each) { return !each.word.starts_with(begun); });
  return found;
}

}  // namespace quietgate
