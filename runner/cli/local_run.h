// One run of a repository, here and now, without a service.
#pragma once

#include <string>

namespace quietgate {

struct LocalRunOptions {
  std::string directory = ".";
  std::string pipeline;       // path in the repository; default `.quietgate.yaml`
  std::string data;           // data directory; default: the user's
  std::string config;         // a service's configuration, of which `servers` is used; empty: none
  bool json = false;          // one JSON object at the end instead of the tree
  bool colour = true;         // false: never
  bool plain = false;         // lines instead of a tree that updates in place, even on a terminal
  bool promote = false;       // move the production branch of this repository; otherwise gates are only judged
  bool release = false;       // make and update environments that are kept, and leave them; `promote` does so too
  bool destroy_kept = false;  // run nothing: destroy what earlier runs of this clone kept
};

// Answers the program's exit code, and has said on stderr why it is not 0. SIGINT, SIGTERM and SIGHUP cancel the run
// (130).
int run_locally(const LocalRunOptions& options);

}  // namespace quietgate
