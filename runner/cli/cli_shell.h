// What shells and `man` want to know about the verbs, told from the verbs themselves.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace quietgate {

// Something that may stand in the place of the last word, and what it is.
struct Completion {
  std::string word;
  std::string help;  // one line, may be empty
};

// Completions that only the service knows. Kinds: "RUN", "REPOSITORY", "STAGE" (of `run`), "ENVIRONMENT".
using CompletionSource = std::function<std::vector<Completion>(std::string_view kind, std::string_view run)>;

// Completions of the last of `words`, which follow `quietgate` on the command line. Empty: the shell takes file names.
std::vector<Completion> complete(const CLI::App& app, const std::vector<std::string>& words,
                                 const CompletionSource& source);

// The script for "bash", "zsh" or "fish"; empty for another shell.
std::string completion_script(std::string_view shell);

// The manual page in section 1, as troff.
std::string manual_page(const CLI::App& app, std::string_view version);

}  // namespace quietgate
