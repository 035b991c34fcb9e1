#pragma once

#include <string>
#include <vector>

#include "runner/base/result.h"

namespace quietgate {

// Where a secret's value is; exactly one is set. The file's path is absolute.
struct SecretSource {
  std::string file;
  std::string environment;           // name of a variable of the runner's own environment
  std::vector<std::string> command;  // a program and its arguments; its standard output is the value
  bool operator==(const SecretSource&) const = default;
};

// The value, without one trailing newline. At most 64 KiB; a command has 10 seconds and is then killed with its process
// group. Blocks. Empty values are errors; no error says anything of the value.
Result<std::string> read_secret(const SecretSource& source);

}  // namespace quietgate
