#include "runner/service/run_numbers.h"

#include <gtest/gtest.h>
#include <sodium.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace quietgate {
namespace {

namespace fs = std::filesystem;

std::string evidence(const std::string& repository, const std::string& number) {
  const auto statement = R"({"predicate":{"repository":")" + repository + R"(","run":{"number":)" + number + "}}}";
  std::string text(sodium_base64_ENCODED_LEN(statement.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(statement.data()),
                    statement.size(), sodium_base64_VARIANT_ORIGINAL);
  text.resize(text.size() - 1);
  return R"({"payload":")" + text + R"("})";
}

TEST(RunNumbers, AreReadInEvidence) {
  EXPECT_EQ(number_in_evidence(evidence("hello", "12"), "hello"), 12);
  EXPECT_EQ(number_in_evidence(evidence("world", "12"), "hello"), 0);
  EXPECT_EQ(number_in_evidence(evidence("hello", "\"12\""), "hello"), 0);
  for (const auto* none : {"", "a note of somebody's", "{}", R"({"payload":7})", R"({"payload":"%%"})", "[]"})
    EXPECT_EQ(number_in_evidence(none, "hello"), 0) << none;
}

class RunFolders : public testing::Test {
 protected:
  RunFolders() {
    std::string name = testing::TempDir() + "/numbersXXXXXX";
    data = mkdtemp(name.data());
  }
  ~RunFolders() override { fs::remove_all(data); }
  void make(const std::string& name) const { fs::create_directories(data + "/runs/hello/" + name); }
  std::string data;
};

TEST_F(RunFolders, TellTheHighestNumber) {
  EXPECT_EQ(highest_number(data, "hello", 1'000'000), 0);
  for (const auto* name : {"7", "12", "x99", "99x", "-4", "checkout.new"}) make(name);
  EXPECT_EQ(highest_number(data, "hello", 1'000'000), 12);
  EXPECT_EQ(highest_number(data, "world", 1'000'000), 0);
  EXPECT_EQ(repositories_with_folders(data), std::vector<std::string>{"hello"});
}

TEST_F(RunFolders, ALinkIsNoRepository) {
  make("7");
  fs::create_directory_symlink(data + "/runs/hello", data + "/runs/linked");
  EXPECT_EQ(repositories_with_folders(data), std::vector<std::string>{"hello"});
}

TEST_F(RunFolders, WhoWantsToUseNumbersUpIsNotBelieved) {
  make("3");
  make("9223372036854775807");
  make("99999999999999999999999999");
  EXPECT_EQ(highest_number(data, "hello", 1'000'000), 3);
}

}  // namespace
}  // namespace quietgate
