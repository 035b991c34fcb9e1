// One run of a repository, here and now, without a service.
#pragma once

#include <string>

namespace quietgate {

struct LocalRunOptions {
  std::string directory = ".";
  std::string pipeline;       // path in the repository; default `.quietgate.yaml`
  std::string data;           // data directory; default: the user's
  std::string config;         // a service's configuration; only its `servers` are used; empty: none
  bool json = false;          // one JSON object at the end instead of the tree
  bool colour = true;         // false: never
  bool plain = false;         // lines instead of a tree that updates in place, even on a terminal
  bool promote = false;       // move the production branch of this repository; otherwise gates are only judged
  bool release = false;       // apply kept environments and leave them; `promote` implies it
  bool destroy_kept = false;  // run nothing; destroy environments that earlier runs of this clone kept
};

// Returns the program's exit code, and prints to stderr why it is not 0. SIGINT, SIGTERM and SIGHUP cancel the run
// (130).
int run_locally(const LocalRunOptions& options);

}  // namespace quietgate
