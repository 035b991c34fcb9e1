// The command line of `quietgate` as values.
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

// The options that every parser has, for lists of options.
Option help_option();
Option version_option();

// The result of parsing: exactly one of these is set.
struct ParsedLine {
  const Verb* verb = nullptr;  // the verb to run: the innermost one
  std::string text;            // help or version, to be printed
  std::optional<Error> error;  // kind user
};

// Writes the given values to the options' targets. `arguments` begin with the program's name.
ParsedLine parse(const CommandLine& line, int count, const char* const* arguments);

}  // namespace quietgate
