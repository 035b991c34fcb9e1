// Principals and their permissions.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

namespace quietgate {

// read: view. operate: start and end runs, answer their questions, destroy environments, deliver alerts. promote:
// promote or roll back. override_gate: promote against the gate's judgement. administer: change the service itself; no
// route requires it yet.
enum class Permission { read, operate, promote, override_gate, administer };
// As in openapi.json: `override` for override_gate.
const char* to_string(Permission permission);

class Permissions {
 public:
  constexpr Permissions(std::initializer_list<Permission> all) {
    for (const auto each : all) bits_ |= bit(each);
  }
  constexpr bool has(Permission permission) const { return (bits_ & bit(permission)) != 0; }

 private:
  static constexpr std::uint8_t bit(Permission permission) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(permission));
  }
  std::uint8_t bits_ = 0;
};
// `read`, `operate`
std::string to_string(const Permissions& permissions);

struct Principal {
  enum class KnownBy { connection, token };
  std::string name;
  KnownBy known_by = KnownBy::connection;
  Permissions permissions{};
  std::string claimed;  // the name that the client claims, in one line; not verified
};

// The name that events record: the claimed name, then the principal. `ana (by the token)`, `somebody (by the token)`.
std::string actor_of(const Principal& principal);

}  // namespace quietgate
