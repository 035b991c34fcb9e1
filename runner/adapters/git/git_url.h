// A remote's URL, taken apart as far as bounds, trust and messages need it.
#pragma once

#include <string>

#include "runner/base/result.h"

namespace quietgate {

struct GitUrl {
  enum class Kind { local, http, https, git, ssh };
  Kind kind = Kind::local;
  std::string shown;  // for messages: without user, password and query
  std::string user;   // of ssh
  std::string host;
  int port = 0;
  std::string path;  // of local
  bool has_password = false;
};

// Errors are of kind user: an unknown scheme, no host, no path.
Result<GitUrl> parse_git_url(const std::string& url);

}  // namespace quietgate
