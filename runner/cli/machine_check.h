// What this machine has of what quietgate needs.
#pragma once

#include <string>
#include <vector>

#include "runner/cli/api_client.h"

namespace quietgate {

struct MachineFinding {
  std::string name;
  bool ok = false;
  bool essential = false;  // without it nothing works
  std::string detail;
  std::string advice;  // how to get it; may be empty
};

// Looks at the shell, the data directory (it is made), the disk, the journal, the service's port and the tools; at most
// 10 seconds. Empty paths: none is known.
std::vector<MachineFinding> check_machine(const std::string& data, const std::string& journal, ApiClient& client);

}  // namespace quietgate
