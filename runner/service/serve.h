// `quietgate serve`: builds the service from its configuration and runs it.
#pragma once

#include <cstdint>
#include <string>

namespace quietgate {

// Empty strings and 0 mean: use the configuration, or the default.
struct ServeOptions {
  std::string config;  // path of the service's configuration
  std::string data;    // data directory
  std::string listen;  // address; default 127.0.0.1
  std::uint16_t port = 0;
};

// Returns the program's exit code (cli/exit_code.h), and prints to stderr why it is not 0. SIGINT and SIGTERM end it in
// order (0); the next start resumes its runs.
int serve(const ServeOptions& options);

}  // namespace quietgate
