#include "runner/base/digest.h"

#include <sodium.h>

#include <array>

namespace quietgate {

namespace {

using Digest = std::array<unsigned char, crypto_hash_sha256_BYTES>;

const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::string hex_of(const Digest& digest) {
  std::array<char, 2 * crypto_hash_sha256_BYTES + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  return hex.data();
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  Digest digest{};
  crypto_hash_sha256(digest.data(), raw(bytes), bytes.size());
  return hex_of(digest);
}

struct Sha256::State {
  crypto_hash_sha256_state of;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  crypto_hash_sha256_init(&state_->of);
}
Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  crypto_hash_sha256_update(&state_->of, raw(bytes), bytes.size());
}

std::string Sha256::hex() {
  Digest digest{};
  crypto_hash_sha256_final(&state_->of, digest.data());
  return hex_of(digest);
}

}  // namespace quietgate
