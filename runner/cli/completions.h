// Shell completions, derived from the verbs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/cli/command_line.h"

namespace quietgate {

// A candidate for the last word, and its description.
struct Completion {
  std::string word;
  std::string help;  // one line, may be empty
};

// Completions that only the service knows. `run`: the run whose stages are completed.
using CompletionSource = std::function<std::vector<Completion>(ServiceName name, std::string_view run)>;

// Completions of the last of `words`, which follow `quietgate` on the command line. Empty: the shell takes file names.
std::vector<Completion> complete(const CommandLine& line, const std::vector<std::string>& words,
                                 const CompletionSource& source);

}  // namespace quietgate
