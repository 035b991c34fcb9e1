// Tells who sends a request, from its connection and its head.
#pragma once

#include <string>

#include "runner/api/auth/principal.h"

namespace quietgate {

struct Credentials {
  bool local = false;         // the connection comes from this machine
  std::string authorization;  // the header's value; empty: none
  std::string claimed_name;   // X-Quietgate-Actor
};

class Authentication {
 public:
  // An empty token is nobody's.
  explicit Authentication(std::string token) : token_(std::move(token)) {}
  // `token`, who shows it, may do everything. All others are `loopback` or `network`, as their connection comes from
  // this machine or from elsewhere, and may read; a wrong token makes nobody of them.
  Principal principal(const Credentials& shown) const;

 private:
  std::string token_;
};

}  // namespace quietgate
