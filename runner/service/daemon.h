// The composition root: builds everything as locals, in dependency order, and runs it. The verbs call it.
#pragma once

#include <cstdint>
#include <string>

#include "runner/base/result.h"
#include "runner/model/plan.h"

namespace quietgate {

// Empty strings and 0 mean: as the configuration says, or the default.
struct ServeOptions {
  std::string config;  // path of the service's configuration
  std::string data;    // data directory
  std::string listen;  // address; default 127.0.0.1
  std::uint16_t port = 0;
};

// One run of the repository around `directory`, here and now, without a service.
struct RunOptions {
  std::string directory = ".";
  std::string pipeline;  // path in the repository; default `.quietgate.yaml`
  std::string data;      // data directory
  std::string config;    // a service's configuration, of which `servers` is used; empty: none
  bool json = false;     // one JSON object at the end instead of the tree
  bool colour = true;    // false: never
  bool plain = false;    // lines instead of a tree that updates in place, even on a terminal
  bool promote = false;  // move the production branch of this repository; otherwise gates are judged, nothing is moved
  bool release = false;  // make and update environments that are kept, and leave them; `promote` does so too
  bool let_go = false;   // run nothing: destroy what earlier runs of this clone kept
};

// Tests the alert rules that the plan names, in the working tree of `folder` (stages/gate/rules_check.h).
Result<void> check_files_here(const Plan& plan, const std::string& folder);

// Both answer the program's exit code (cli.h) and have said on stderr why it is not 0. SIGINT and SIGTERM end `serve`
// in order (0: its runs go on when it is started again) and cancel `run_here` (130).
int serve(const ServeOptions& options);
int run_here(const RunOptions& options);

}  // namespace quietgate
