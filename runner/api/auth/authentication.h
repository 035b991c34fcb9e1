// Identifies the sender of a request by its connection and its head.
#pragma once

#include <string>

#include "runner/api/auth/principal.h"

namespace quietgate {

struct Credentials {
  bool local = false;         // the connection comes from this machine
  std::string authorization;  // the header's value; empty: no header
  std::string claimed_name;   // X-Quietgate-Actor
};

class Authentication {
 public:
  // With an empty token, no request is authenticated by a token.
  explicit Authentication(std::string token) : token_(std::move(token)) {}
  // A request with the token is the principal `token`, with all permissions. Other requests are `loopback` or
  // `network`, depending on their connection, and may read. A wrong token counts as no token.
  Principal principal(const Credentials& shown) const;

 private:
  std::string token_;
};

}  // namespace quietgate
