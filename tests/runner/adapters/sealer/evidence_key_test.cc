// Keys on the disk, and envelopes of which every byte counts.
#include "runner/adapters/sealer/evidence_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace quietgate {
namespace {

namespace fs = std::filesystem;

class Evidence : public testing::Test {
 protected:
  Evidence() {
    std::string pattern = (fs::temp_directory_path() / "quietgate-keys-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
    folder = root + "/keys";
  }
  ~Evidence() override { fs::remove_all(root); }
  static std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    fs::create_directories(folder);
    std::ofstream(folder + "/" + name, std::ios::binary) << text;
    ::chmod((folder + "/" + name).c_str(), mode);
  }
  std::unique_ptr<EvidenceKey> key() {
    auto opened = EvidenceKey::open_or_make(folder);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return std::move(*opened);
  }
  std::string refusal() {
    auto opened = EvidenceKey::open_or_make(folder);
    return opened ? std::string() : opened.error().message;
  }
  static mode_t mode_of(const std::string& path) {
    struct stat status {};
    ::lstat(path.c_str(), &status);
    return status.st_mode & 07777;
  }

  std::string root, folder;
};

TEST_F(Evidence, TheKeyIsMadeOnceAndForItsOwnerOnly) {
  const auto first = key();
  EXPECT_EQ(mode_of(folder), 0700);
  EXPECT_EQ(mode_of(folder + "/evidence.pem"), 0600);
  EXPECT_EQ(mode_of(folder + "/evidence.pub.pem"), 0644);
  EXPECT_EQ(read(folder + "/evidence.pub.pem"), first->public_key().pem());
  const auto secret = read(folder + "/evidence.pem");
  const auto again = key();
  EXPECT_EQ(again->public_key().id, first->public_key().id);
  EXPECT_EQ(again->seal("{}"), first->seal("{}"));
  EXPECT_EQ(read(folder + "/evidence.pem"), secret);
}

TEST_F(Evidence, TwoKeysAreNotTheSame) {
  const auto first = key();
  fs::remove_all(folder);
  EXPECT_NE(key()->public_key().id, first->public_key().id);
}

TEST_F(Evidence, AKeyThatOthersCanReadIsRefused) {
  key();
  ::chmod((folder + "/evidence.pem").c_str(), 0640);
  EXPECT_NE(refusal().find("is readable by other users"), std::string::npos) << refusal();
}

TEST_F(Evidence, ALinkIsNoKey) {
  key();
  fs::rename(folder + "/evidence.pem", root + "/elsewhere");
  fs::create_symlink(root + "/elsewhere", folder + "/evidence.pem");
  EXPECT_FALSE(refusal().empty());
}

TEST_F(Evidence, ADamagedKeyIsRefusedAndStays) {
  for (const std::string text : {"", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                                 "-----BEGIN PRIVATE KEY-----\nno end"}) {
    write("evidence.pem", text);
    EXPECT_NE(refusal().find("is not an Ed25519 key"), std::string::npos) << text;
    EXPECT_EQ(read(folder + "/evidence.pem"), text);
  }
}

// RFC 8410, section 10: the private key of the example, and its public half.
TEST_F(Evidence, KeysAreWrittenAsTheStandardHasThem) {
  write("evidence.pem",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
        "-----END PRIVATE KEY-----\n");
  EXPECT_EQ(key()->public_key().pem(),
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
            "-----END PUBLIC KEY-----\n");
}

TEST_F(Evidence, WhatIsSealedCanBeOpenedAgain) {
  const auto signer = key();
  const std::string statement = "{\"a\":\"\xc3\xa9\\u0000\"}";
  auto opened = open_envelope(signer->seal(statement), {signer->public_key()});
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(opened->statement, statement);
  EXPECT_EQ(opened->key_id, signer->public_key().id);
}

TEST_F(Evidence, EveryChangedBitIsFound) {
  const auto signer = key();
  const std::vector<PublicKey> keys{signer->public_key()};
  const auto sealed = signer->seal(R"({"_type":"https://in-toto.io/Statement/v1","n":1})");
  ASSERT_TRUE(open_envelope(sealed, keys).ok());
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = sealed;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ (1U << bit));
      EXPECT_FALSE(open_envelope(changed, keys).ok()) << "byte " << at << ", bit " << bit << ": " << changed;
    }
    EXPECT_FALSE(open_envelope(sealed.substr(0, at), keys).ok()) << "cut at " << at;
    auto longer = sealed;
    longer.insert(at, " ");
    EXPECT_FALSE(open_envelope(longer, keys).ok()) << "a space at " << at;
  }
  EXPECT_FALSE(open_envelope(sealed + "\n", keys).ok());
}

TEST_F(Evidence, NoTrickOfTheFormatIsTaken) {
  const auto signer = key();
  const std::vector<PublicKey> keys{signer->public_key()};
  const auto sealed = signer->seal("{}");
  const auto with = [&](const std::string& from, const std::string& to) {
    auto changed = sealed;
    const auto at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return changed.replace(at, from.size(), to);
  };
  for (const auto& trick :
       {with("{\"payloadType\"", "{\"payload\":\"W10=\",\"payloadType\""),
        with("\"signatures\":[", "\"signatures\":[{},"), with("\"signatures\":[", "\"signatures\":{\"a\":["),
        with("application/vnd.in-toto+json", "text/plain"), with("\"payload\":\"", "\"payload\":\"\\u0065"),
        with("\"keyid\":\"", "\"keyid\":7,\"x\":\""), with("\"payload\"", "\"p\""), with("\"sig\":\"", "\"sig\":\"AA"),
        with("e30=", "e31="), with("e30=", "e30")})
    EXPECT_FALSE(open_envelope(trick, keys).ok()) << trick;
  for (const std::string text : {"", "[]", "null", "7", "{}", "{\"signatures\":[]}",
                                 "{\"signatures\":[1],\"payload\":{}}", "{\"signatures\":7}", "[[[[", "\xff"})
    EXPECT_FALSE(open_envelope(text, keys).ok()) << text;
}

TEST_F(Evidence, OnlyTheKeysThatWereGivenCount) {
  const auto signer = key();
  const auto sealed = signer->seal("{}");
  const auto mine = signer->public_key();
  fs::remove_all(folder);
  const auto other = key()->public_key();
  auto unknown = open_envelope(sealed, {other});
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().message.find("which is not one of the given keys"), std::string::npos);
  EXPECT_TRUE(open_envelope(sealed, {other, mine}).ok());
  auto forged = other;
  forged.id = mine.id;
  EXPECT_FALSE(open_envelope(sealed, {forged}).ok());
}

TEST_F(Evidence, AFileMayHoldTheKeysOfBeforeARotation) {
  const auto first = key()->public_key();
  fs::remove_all(folder);
  const auto second = key()->public_key();
  write("all.pem", "the first\n" + first.pem() + "\n" + second.pem());
  auto keys = read_public_keys(folder + "/all.pem");
  ASSERT_TRUE(keys.ok()) << keys.error().message;
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ(keys->at(1).id, second.id);
  write("none.pem", "nothing");
  EXPECT_FALSE(read_public_keys(folder + "/none.pem").ok());
  EXPECT_FALSE(read_public_keys(folder + "/absent.pem").ok());
  EXPECT_FALSE(read_public_keys(folder).ok());
  write("large.pem", std::string(70'000, 'x'));
  EXPECT_FALSE(read_public_keys(folder + "/large.pem").ok());
}

}  // namespace
}  // namespace quietgate
