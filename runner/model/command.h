// What a step executes, and its environment variables. Strings marked (template) may hold `${{ ... }}`.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace quietgate {

using Environment = std::map<std::string, std::string>;  // values are (template)

struct Command {
  std::string shell;                     // (template) given to the interpreter; empty when argv is used
  std::vector<std::string> argv;         // (template) executed as is
  std::string directory;                 // (template) relative to the checkout; empty: its root
  std::vector<std::string> interpreter;  // of `shell`, which becomes its last argument; empty: the default
  bool operator==(const Command&) const = default;
};

template <class A>
void fields(A& a, Command& v) {
  a("shell", v.shell);
  if (!A::writes || !v.interpreter.empty()) a.later("interpreter", v.interpreter);
  a("argv", v.argv);
  a("directory", v.directory);
}

}  // namespace quietgate
