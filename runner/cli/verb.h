// A verb of the command line: `quietgate NAME`. Its file declares all of it; verbs.cc lists it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runner/cli/exit_code.h"
#include "runner/cli/options.h"

namespace quietgate {

struct Invocation;

struct Verb {
  std::string name;
  std::string help;   // one line
  std::string group;  // its heading in --help; empty: the verb is shown nowhere
  Options options{};
  // Called once, when the values of all options are known; answers the exit code. What the options' targets belong to
  // is kept alive by this function.
  std::function<int(const Invocation& call)> run{};
  std::vector<Verb> below{};  // `alerts backtest`: one of these must follow, and runs instead
};

namespace verb_group {
constexpr const char* local = "Here, without a service";
constexpr const char* service = "The service";
constexpr const char* look = "Look";
constexpr const char* decide = "Decide";
constexpr const char* shell = "For the shell";
constexpr const char* hidden = "";
}  // namespace verb_group

}  // namespace quietgate
