// Checks whether this machine has what quietgate needs.
#pragma once

#include <string>
#include <vector>

#include "runner/cli/api_client.h"

namespace quietgate {

struct MachineFinding {
  std::string name;
  bool ok = false;
  bool essential = false;  // quietgate does not work without it
  std::string detail;
  std::string advice;  // how to get it; may be empty
};

// Checks the shell, the data directory (which it creates), the disk, the journal, the service's port and the tools;
// takes at most 10 seconds. Empty paths: not known.
std::vector<MachineFinding> check_machine(const std::string& data, const std::string& journal, ApiClient& client);

}  // namespace quietgate
