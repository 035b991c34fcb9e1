// libgit2's plain streams (which carry http, git:// and, below its own TLS, https), replaced by ones that keep a bound:
// they connect only where it allows, and end when it breaks.
#pragma once

#include "runner/adapters/git/git_network.h"

namespace quietgate {

// While it lives, streams that libgit2 opens on this thread keep the bound.
class NetworkScope {
 public:
  explicit NetworkScope(NetworkBound& bound);
  ~NetworkScope();
  NetworkScope(const NetworkScope&) = delete;
  NetworkScope& operator=(const NetworkScope&) = delete;

 private:
  NetworkBound* before_;
};

// Once per git_libgit2_init(); again does no harm.
void register_bounded_streams();

}  // namespace quietgate
