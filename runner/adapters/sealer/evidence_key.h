// The key that signs evidence, and the check with its public half. Formats: docs/evidence.md.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runner/base/result.h"
#include "runner/ports/sealer.h"

namespace quietgate {

struct PublicKey {
  std::array<unsigned char, 32> bytes{};
  std::string id;  // lower-case hex SHA-256 of its SubjectPublicKeyInfo (DER)
  std::string pem() const;
};

// Ed25519. One per data directory: `<folder>/evidence.pem` (PKCS #8, mode 0600) and `<folder>/evidence.pub.pem`
// (SubjectPublicKeyInfo), both in the form of OpenSSL.
class EvidenceKey final : public Sealer {
 public:
  // Creates the folder and the key if there is none. Fails if other users can read the key, if it is damaged, or if it
  // can't be written. Overwrites nothing but the public half.
  static Result<std::unique_ptr<EvidenceKey>> open_or_make(const std::string& folder);
  ~EvidenceKey() override;
  EvidenceKey(const EvidenceKey&) = delete;
  EvidenceKey& operator=(const EvidenceKey&) = delete;

  std::string seal(std::string_view statement) const override;
  const PublicKey& public_key() const { return public_; }

 private:
  EvidenceKey() = default;
  std::array<unsigned char, 64> secret_{};
  PublicKey public_;
};

// Every public key of a PEM file (several blocks: also keys from before a rotation). At most 64 KiB.
Result<std::vector<PublicKey>> read_public_keys(const std::string& path);

struct OpenedEnvelope {
  std::string statement;  // exactly the bytes that were signed
  std::string key_id;
};
// Checks one envelope. Every byte counts: it must have exactly the form that seal() writes. An error (kind user) says
// what is wrong; then no part of the statement is returned.
Result<OpenedEnvelope> open_envelope(std::string_view line, const std::vector<PublicKey>& keys);

}  // namespace quietgate
