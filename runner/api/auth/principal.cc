#include "runner/api/auth/principal.h"

namespace quietgate {

const char* to_string(Permission permission) {
  constexpr const char* names[] = {"read", "operate", "promote", "override", "administer"};
  return names[static_cast<int>(permission)];
}

std::string to_string(const Permissions& permissions) {
  std::string text;
  for (const auto each : {Permission::read, Permission::operate, Permission::promote, Permission::override_gate,
                          Permission::administer}) {
    if (permissions.has(each)) text += (text.empty() ? "`" : ", `") + std::string(to_string(each)) + "`";
  }
  return text.empty() ? "none" : text;
}

std::string actor_of(const Principal& principal) {
  const std::string by = principal.known_by == Principal::KnownBy::token ? "the " : "";
  return (principal.claimed.empty() ? "somebody" : principal.claimed) + " (by " + by + principal.name + ")";
}

}  // namespace quietgate
