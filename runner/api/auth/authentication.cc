#include "runner/api/auth/authentication.h"

#include <sodium.h>

#include <algorithm>

namespace quietgate {

namespace {

constexpr std::size_t longest_claim = 100;

// In constant time for texts of one length.
bool same_secret(const std::string& a, const std::string& b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string claim_of(const std::string& name) {
  const bool is_line = std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  return is_line && name.size() <= longest_claim ? name : std::string();
}

}  // namespace

Principal Authentication::principal(const Credentials& shown) const {
  if (!token_.empty() && same_secret(shown.authorization, "Bearer " + token_)) {
    return {
        "token",
        Principal::KnownBy::token,
        {Permission::read, Permission::operate, Permission::promote, Permission::override_gate, Permission::administer},
        claim_of(shown.claimed_name)};
  }
  return {shown.local ? "loopback" : "network", Principal::KnownBy::connection, {Permission::read}, {}};
}

}  // namespace quietgate
