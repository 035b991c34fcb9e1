// What a shell may complete, told from the verbs themselves.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/cli/command_line.h"

namespace quietgate {

// Something that may stand in the place of the last word, and what it is.
struct Completion {
  std::string word;
  std::string help;  // one line, may be empty
};

// Completions that only the service knows. `run`: whose stages.
using CompletionSource = std::function<std::vector<Completion>(ServiceName name, std::string_view run)>;

// Completions of the last of `words`, which follow `quietgate` on the command line. Empty: the shell takes file names.
std::vector<Completion> complete(const CommandLine& line, const std::vector<std::string>& words,
                                 const CompletionSource& source);

}  // namespace quietgate
