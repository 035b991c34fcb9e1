// Who asks, and what they may do.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

namespace quietgate {

// read: see. operate: begin and end runs, answer their questions, destroy environments, deliver alerts. promote: move a
// branch, on or back. override_gate: against the gate's judgement. administer: the service itself; no route needs it
// yet.
enum class Permission { read, operate, promote, override_gate, administer };
// As openapi.json has it: `override` for override_gate.
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
  std::string claimed;  // the name that the client gives itself, in one line; nobody has checked it
};

// As events name who asked: the principal, after the name that it claims. `ana (by the token)`, `somebody (by the
// token)`.
std::string actor_of(const Principal& principal);

}  // namespace quietgate
