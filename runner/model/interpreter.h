// The shells that a pipeline knows by name, as programs with arguments; a shell text is the last argument.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace quietgate {

// Ends at the first command that fails, also in a pipe and within `$(...)`, where /bin/sh ends too.
inline std::vector<std::string> bash_interpreter(std::string bash = "bash") {
  return {std::move(bash), "-eo", "pipefail", "-O", "inherit_errexit", "-c"};
}

inline std::vector<std::string> sh_interpreter() {
  return {"/bin/sh", "-e", "-c"};
}

}  // namespace quietgate
