// A verb of the command line: `quietgate NAME`. One file declares it, and verbs.cc lists it.
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
  std::string group;  // its heading in --help; empty: hidden
  Options options{};
  // Called once, after all options have their values; returns the exit code. The function owns the objects that the
  // options' targets point into.
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
