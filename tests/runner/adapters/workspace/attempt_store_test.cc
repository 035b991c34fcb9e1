// Every store of what attempts left keeps this contract: that on folders, and the one in memory.
#include "runner/ports/attempt_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "runner/adapters/workspace/attempt_folders.h"
#include "runner/base/plain_file.h"
#include "tests/support/fake_attempt_store.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;

const AttemptId unit{{"hello", 1}, "unit", 1};

// A store, and how something comes into it.
struct InFolders {
  InFolders() {
    std::string pattern = (fs::temp_directory_path() / "quietgate-attempts-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
    store.emplace(root);
  }
  ~InFolders() { fs::remove_all(root); }
  static void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  void leave(const AttemptId& attempt, AttemptFile file, const std::string& text) {
    write(DataLayout(root).file(attempt, file), text);
  }
  void keep(const AttemptId& attempt, const std::string& path, const std::string& bytes) {
    write(DataLayout(root).artifacts(attempt) + "/" + path, bytes);
  }
  std::string root;
  std::optional<AttemptFolders> store;
};

struct InMemory {
  void leave(const AttemptId& attempt, AttemptFile file, const std::string& text) { store->leave(attempt, file, text); }
  void keep(const AttemptId& attempt, const std::string& path, const std::string& bytes) {
    store->keep(attempt, path, bytes);
  }
  std::optional<FakeAttemptStore> store{std::in_place};
};

template <class Kept>
struct AttemptStores : ::testing::Test {
  Kept kept;
  std::string text(const AttemptId& attempt, AttemptFile file) { return text_of(*kept.store, attempt, file, 1000); }
};
using Stores = ::testing::Types<InFolders, InMemory>;
TYPED_TEST_SUITE(AttemptStores, Stores);

TYPED_TEST(AttemptStores, EveryFileIsFoundByItsName) {
  for (const auto file : {AttemptFile::log, AttemptFile::progress, AttemptFile::tests, AttemptFile::measurements,
                          AttemptFile::chart, AttemptFile::artifact_listing}) {
    EXPECT_EQ(this->text(unit, file), "");
    this->kept.leave(unit, file, file_name(file));
    EXPECT_EQ(this->text(unit, file), file_name(file));
  }
}

TYPED_TEST(AttemptStores, AttemptsStagesAndRunsAreApart) {
  this->kept.leave(unit, AttemptFile::log, "1");
  this->kept.leave({{"hello", 1}, "unit", 2}, AttemptFile::log, "2");
  this->kept.leave({{"hello", 1}, "load", 1}, AttemptFile::log, "3");
  this->kept.leave({{"hello", 2}, "unit", 1}, AttemptFile::log, "4");
  EXPECT_EQ(this->text(unit, AttemptFile::log), "1");
  EXPECT_EQ(this->text({{"hello", 1}, "unit", 2}, AttemptFile::log), "2");
  EXPECT_EQ(this->text({{"hello", 1}, "load", 1}, AttemptFile::log), "3");
  EXPECT_EQ(this->text({{"hello", 2}, "unit", 1}, AttemptFile::log), "4");
  EXPECT_EQ(this->text({{"other", 1}, "unit", 1}, AttemptFile::log), "");
}

TYPED_TEST(AttemptStores, AnOpenedFileTellsItsSizeAndIsReadFromAnywhere) {
  this->kept.leave(unit, AttemptFile::log, "0123456789");
  auto opened = this->kept.store->open(unit, AttemptFile::log);
  ASSERT_TRUE(opened && opened->has_value());
  EXPECT_EQ((*opened)->size, 10);
  EXPECT_EQ(read_plain((*opened)->file, 4, 3), "456");
  EXPECT_EQ(read_plain((*opened)->file, 8, 100), "89");
  EXPECT_EQ(read_plain((*opened)->file, 10, 100), "");
}

TYPED_TEST(AttemptStores, WhatIsAbsentIsNoError) {
  auto opened = this->kept.store->open(unit, AttemptFile::tests);
  ASSERT_TRUE(opened.ok());
  EXPECT_FALSE(opened->has_value());
  auto artifact = this->kept.store->open_artifact(unit, "app");
  ASSERT_TRUE(artifact.ok());
  EXPECT_FALSE(artifact->has_value());
}

TYPED_TEST(AttemptStores, AnArtifactIsFoundByItsPathAndNothingElseIs) {
  this->kept.keep(unit, "out/my app#1", "binary");
  this->kept.leave(unit, AttemptFile::log, "log");
  auto found = this->kept.store->open_artifact(unit, "out/my app#1");
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((*found)->size, 6);
  for (const char* path : {"out", "../log", "out/../../log", "/etc/passwd", "", "out/"}) {
    auto other = this->kept.store->open_artifact(unit, path);
    ASSERT_TRUE(other.ok()) << path;
    EXPECT_FALSE(other->has_value()) << path;
  }
}

TYPED_TEST(AttemptStores, ATextThatIsTooLongIsNotRead) {
  this->kept.leave(unit, AttemptFile::progress, "0123456789");
  EXPECT_EQ(text_of(*this->kept.store, unit, AttemptFile::progress, 10), "0123456789");
  EXPECT_EQ(text_of(*this->kept.store, unit, AttemptFile::progress, 9), "");
}

TEST(AttemptFolders, NeitherLinkNorPipeIsOpened) {
  InFolders kept;
  kept.keep(unit, "secret", "x");
  const auto layout = DataLayout(kept.root);
  fs::create_symlink("artifacts/secret", layout.file(unit, AttemptFile::log));
  ASSERT_EQ(::mkfifo(layout.file(unit, AttemptFile::tests).c_str(), 0600), 0);
  fs::create_symlink("secret", layout.artifacts(unit) + "/link");
  fs::create_directory_symlink(".", layout.artifacts(unit) + "/folder");
  EXPECT_FALSE(kept.store->open(unit, AttemptFile::log)->has_value());
  EXPECT_FALSE(kept.store->open(unit, AttemptFile::tests)->has_value());
  EXPECT_FALSE(kept.store->open_artifact(unit, "link")->has_value());
  EXPECT_FALSE(kept.store->open_artifact(unit, "folder/secret")->has_value());
  EXPECT_TRUE(kept.store->open_artifact(unit, "secret")->has_value());
}

}  // namespace
}  // namespace quietgate
