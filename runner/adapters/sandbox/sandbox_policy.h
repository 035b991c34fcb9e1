// What a sandbox is to be, and the words that tell bubblewrap so.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runner/adapters/sandbox/system_view.h"
#include "runner/ports/step_view.h"

namespace quietgate {

constexpr const char* sandbox_home = "/home/step";

struct SandboxPolicy {
  std::string program;              // bubblewrap's path
  bool made_by_root = false;        // then no user namespace is needed, and the step becomes another user inside
  bool joins = false;               // it sees the processes of another sandbox, which the leader names; else its own
  std::vector<SystemEntry> system;  // read-only
  std::vector<std::pair<std::string, std::string>> instead;  // a file, and what is shown in its place
  std::vector<std::string> hidden_folders;                   // of what is shown: empty, and nothing can be made there
  std::vector<std::string> hidden_files;                     // likewise: they can't be opened
  std::vector<std::string> readable;                         // also within hidden folders
  std::vector<std::string> writable;                         // likewise
  std::vector<std::string> covered;                          // folders within those: empty, and stay so
  std::string home;                                          // a folder that is seen as sandbox_home
  std::string temporary;                                     // likewise, as /tmp and /var/tmp
  StepView::Network network = StepView::Network::host;
};

// The program and its arguments, without what the leader adds (the filter, what is joined, `--` and the command). All
// paths are absolute and there.
std::vector<std::string> sandbox_arguments(const SandboxPolicy& policy);

}  // namespace quietgate
