// What a step sees of the machine beside the system and the tree that it works in.
#pragma once

#include <string>
#include <vector>

namespace quietgate {

struct StepView {
  std::vector<std::string> writable;  // files and folders of this machine, absolute
  std::vector<std::string> readable;  // likewise
  std::string environment;            // whose folder and processes it sees; empty: none's
  enum class Network { host, none, services };
  Network network = Network::host;
};

}  // namespace quietgate
