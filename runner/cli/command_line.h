// All that `quietgate` understands on its command line, as values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/cli/verb.h"

namespace quietgate {

struct CommandLine {
  std::string description;
  std::string footer;
  std::string version;
  Options options;  // of all verbs
  std::vector<Verb> verbs;
};

// The options that every parser has, for those who list them.
Option help_option();
Option version_option();

// What the arguments ask for: one of these is set.
struct ParsedLine {
  const Verb* verb = nullptr;  // to be run: the innermost one
  std::string text;            // help or version, to be printed
  std::optional<Error> error;  // kind user
};

// Writes the values of what is given to the options' targets. `arguments` begin with the program's name.
ParsedLine parse(const CommandLine& line, int count, const char* const* arguments);

}  // namespace quietgate
