// The key that signs evidence, and what its public half proves. Formats: docs/evidence.md.
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
// (SubjectPublicKeyInfo), both as OpenSSL writes them.
class EvidenceKey final : public Sealer {
 public:
  // Makes the folder and the key when there is none. An error: the key can be read by others, is damaged, or can't be
  // written; nothing is ever overwritten but the public half.
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

// Every public key of a PEM file (several blocks: keys of before a rotation). At most 64 KiB.
Result<std::vector<PublicKey>> read_public_keys(const std::string& path);

struct OpenedEnvelope {
  std::string statement;  // exactly the bytes that were signed
  std::string key_id;
};
// Checks one envelope. Every byte of it counts: it must be as seal() writes it. An error (kind user) says what does not
// hold; nothing of a statement is given then.
Result<OpenedEnvelope> open_envelope(std::string_view line, const std::vector<PublicKey>& keys);

}  // namespace quietgate
