#include "runner/adapters/sealer/evidence_key.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "runner/base/digest.h"
#include "runner/base/json.h"

namespace quietgate {

namespace {

using Bytes = std::vector<unsigned char>;
using Json = nlohmann::ordered_json;

constexpr std::size_t largest_file = 64 * 1024;
constexpr const char* payload_type = "application/vnd.in-toto+json";

// RFC 8410: what stands before the 32 bytes of a public key, and of a seed, in DER.
const Bytes public_prefix{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
const Bytes secret_prefix{0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                          0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string out(sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes, size, sodium_base64_VARIANT_ORIGINAL);
  out.resize(std::strlen(out.c_str()));
  return out;
}

std::optional<Bytes> from_base64(std::string_view text) {
  Bytes bytes(text.size());
  std::size_t size = 0;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0)
    return std::nullopt;
  bytes.resize(size);
  return bytes;
}

std::string pem_of(const char* label, const Bytes& der) {
  return std::string("-----BEGIN ") + label + "-----\n" + base64(der.data(), der.size()) + "\n-----END " + label +
         "-----\n";
}

// The DER of every block with this label. Nothing: a block is damaged.
std::optional<std::vector<Bytes>> blocks_of(const std::string& text, const std::string& label) {
  const auto begin = "-----BEGIN " + label + "-----";
  const auto end = "-----END " + label + "-----";
  std::vector<Bytes> found;
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    const auto to = text.find(end, at);
    if (to == std::string::npos) return std::nullopt;
    std::string body = text.substr(at, to - at);
    std::erase_if(body, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
    auto der = from_base64(body);
    if (!der) return std::nullopt;
    found.push_back(std::move(*der));
    at = to;
  }
  return found;
}

bool has_prefix(const Bytes& der, const Bytes& prefix) {
  return der.size() == prefix.size() + 32 && std::equal(prefix.begin(), prefix.end(), der.begin());
}

PublicKey public_key_of(const unsigned char* bytes) {
  PublicKey key;
  std::copy_n(bytes, key.bytes.size(), key.bytes.begin());
  std::string der(public_prefix.begin(), public_prefix.end());
  der.append(key.bytes.begin(), key.bytes.end());
  key.id = sha256_hex(der);
  return key;
}

Error at_file(const std::string& path, const std::string& what, const std::string& advice) {
  return infrastructure_error("the evidence key " + path + " " + what, advice);
}

Result<std::string> read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(largest_file + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (!in.is_open())) return user_error("can't read " + path + ": " + std::strerror(errno));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > largest_file) return user_error(path + " is larger than 64 KiB", "name a file of PEM keys");
  return text;
}

// A new file, whole or not at all.
Result<void> write_new(const std::string& path, const std::string& text, mode_t mode) {
  const auto made = path + ".new";
  ::unlink(made.c_str());
  const int file = ::open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  bool written = file >= 0;
  if (written) {
    written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
    written = ::close(file) == 0 && written;
  }
  if (!written || ::rename(made.c_str(), path.c_str()) != 0) {
    const std::string reason = std::strerror(errno);
    ::unlink(made.c_str());
    return at_file(path, "can't be written: " + reason, "check the space and the permissions of the data directory");
  }
  const int folder = ::open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return {};
}

// DSSE's pre-authentication encoding.
std::string encoded(std::string_view payload) {
  const std::string type = payload_type;
  return "DSSEv1 " + std::to_string(type.size()) + " " + type + " " + std::to_string(payload.size()) + " " +
         std::string(payload);
}

std::string envelope_text(const std::string& payload, const std::string& key_id, const std::string& signature) {
  Json envelope;
  envelope["payloadType"] = payload_type;
  envelope["payload"] = payload;
  envelope["signatures"] = Json::array({{{"keyid", key_id}, {"sig", signature}}});
  return json_text(envelope);
}

Error tampered(const std::string& what) {
  return user_error(what, "the evidence was changed after it was signed, or another quietgate signed it");
}

}  // namespace

std::string PublicKey::pem() const {
  Bytes der = public_prefix;
  der.insert(der.end(), bytes.begin(), bytes.end());
  return pem_of("PUBLIC KEY", der);
}

EvidenceKey::~EvidenceKey() {
  sodium_memzero(secret_.data(), secret_.size());
}

Result<std::unique_ptr<EvidenceKey>> EvidenceKey::open_or_make(const std::string& folder) {
  if (sodium_init() < 0) return infrastructure_error("libsodium can't be initialised");
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (!code) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, code);
  if (code) return at_file(folder, "can't be kept: " + code.message(), "make the data directory writable");
  const auto path = folder + "/evidence.pem";
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) return at_file(path, std::string("can't be read: ") + std::strerror(errno), "");
    Bytes der = secret_prefix;
    der.resize(der.size() + 32);
    randombytes_buf(der.data() + secret_prefix.size(), 32);
    auto pem = pem_of("PRIVATE KEY", der);
    auto written = write_new(path, pem, 0600);
    sodium_memzero(der.data(), der.size());
    sodium_memzero(pem.data(), pem.size());
    if (!written) return written.error();
  } else if (!S_ISREG(status.st_mode) || (status.st_mode & 077) != 0) {
    return at_file(path, "is readable by other users",
                   "chmod 600 it, and replace the key if somebody may have read it: see docs/evidence.md");
  }
  auto text = read_whole(path);
  if (!text) return text.error();
  auto blocks = blocks_of(*text, "PRIVATE KEY");
  sodium_memzero(text->data(), text->size());
  if (!blocks || blocks->size() != 1 || !has_prefix(blocks->front(), secret_prefix))
    return at_file(path, "is not an Ed25519 key in PEM",
                   "restore it from a backup, or remove it and let the service create a new one");
  std::unique_ptr<EvidenceKey> key(new EvidenceKey());
  std::array<unsigned char, 32> opened{};
  crypto_sign_seed_keypair(opened.data(), key->secret_.data(), blocks->front().data() + secret_prefix.size());
  sodium_memzero(blocks->front().data(), blocks->front().size());
  key->public_ = public_key_of(opened.data());
  const auto shown = folder + "/evidence.pub.pem";
  auto there = read_whole(shown);
  if (!there || *there != key->public_.pem()) {
    if (auto written = write_new(shown, key->public_.pem(), 0644); !written) return written.error();
  }
  return key;
}

std::string EvidenceKey::seal(std::string_view statement) const {
  const auto signed_bytes = encoded(statement);
  std::array<unsigned char, crypto_sign_BYTES> signature{};
  crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(signed_bytes.data()),
                       signed_bytes.size(), secret_.data());
  return envelope_text(base64(reinterpret_cast<const unsigned char*>(statement.data()), statement.size()), public_.id,
                       base64(signature.data(), signature.size()));
}

Result<std::vector<PublicKey>> read_public_keys(const std::string& path) {
  auto text = read_whole(path);
  if (!text) return text.error();
  auto blocks = blocks_of(*text, "PUBLIC KEY");
  std::vector<PublicKey> keys;
  for (const auto& der : blocks ? *blocks : std::vector<Bytes>()) {
    if (!has_prefix(der, public_prefix)) return user_error(path + " holds a key that is not Ed25519");
    keys.push_back(public_key_of(der.data() + public_prefix.size()));
  }
  if (keys.empty())
    return user_error(path + " holds no public key in PEM", "a public key begins with `-----BEGIN PUBLIC KEY-----`");
  return keys;
}

Result<OpenedEnvelope> open_envelope(std::string_view line, const std::vector<PublicKey>& keys) {
  if (sodium_init() < 0) return infrastructure_error("libsodium can't be initialised");
  const auto json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return tampered("it is not a DSSE envelope: not a JSON object");
  const auto text = [](const Json& from, const char* key) {
    auto found = from.is_object() ? from.find(key) : from.end();
    return from.is_object() && found != from.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto signatures = json.value("signatures", Json::array());
  const auto payload = text(json, "payload");
  if (!signatures.is_array() || signatures.size() != 1)
    return tampered("the envelope does not have exactly one signature");
  const auto key_id = text(signatures[0], "keyid");
  const auto signature_text = text(signatures[0], "sig");
  if (envelope_text(payload, key_id, signature_text) != line)
    return tampered("the envelope is not written as quietgate writes it");
  const auto statement = from_base64(payload);
  const auto signature = from_base64(signature_text);
  if (!statement || !signature || signature->size() != crypto_sign_BYTES ||
      base64(statement->data(), statement->size()) != payload ||
      base64(signature->data(), signature->size()) != signature_text)
    return tampered("the envelope's base64 is damaged");
  const auto key = std::find_if(keys.begin(), keys.end(), [&](const auto& known) { return known.id == key_id; });
  if (key == keys.end())
    return user_error("it is signed by key " + key_id.substr(0, 16) + ", which is not one of the given keys",
                      "name the public key of the service that promoted: --key FILE");
  OpenedEnvelope opened{{statement->begin(), statement->end()}, key_id};
  const auto signed_bytes = encoded(opened.statement);
  if (crypto_sign_verify_detached(signature->data(), reinterpret_cast<const unsigned char*>(signed_bytes.data()),
                                  signed_bytes.size(), key->bytes.data()) != 0)
    return tampered("the signature does not match the content");
  return opened;
}

}  // namespace quietgate
