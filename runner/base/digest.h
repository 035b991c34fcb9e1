// SHA-256, as plans, rules and evidence name things.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace quietgate {

std::string sha256_hex(std::string_view bytes);  // 64 lower-case digits

// The same, of bytes that come piece by piece.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(std::string_view bytes);
  std::string hex();  // once, at the end

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quietgate
