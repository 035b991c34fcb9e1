#pragma once

#include <string>
#include <vector>

#include "runner/base/result.h"

namespace quietgate {

// The source of a secret's value; exactly one member is set. The file's path is absolute.
struct SecretSource {
  std::string file;
  std::string environment;           // name of an environment variable of the service
  std::vector<std::string> command;  // a program and its arguments; its standard output is the value
  bool operator==(const SecretSource&) const = default;
};

// The value, without one trailing newline. At most 64 KiB; a command has 10 seconds and is then killed with its process
// group. Blocks. Empty values are errors. No error reveals anything about the value.
Result<std::string> read_secret(const SecretSource& source);

}  // namespace quietgate
