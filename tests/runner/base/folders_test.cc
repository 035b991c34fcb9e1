#include "runner/base/folders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/folder.h"

namespace quietgate {
namespace {

TEST(Folders, AreToldWithoutFilesAndLinks) {
  TestFolder folder;
  std::filesystem::create_directories(folder / "7");
  std::filesystem::create_directory_symlink(folder / "7", folder / "8");
  std::ofstream(folder / "9") << "a file";
  EXPECT_THAT(folders_in(folder.path), testing::ElementsAre("7"));
  EXPECT_THAT(folders_in(folder / "none"), testing::IsEmpty());
}

TEST(Folders, AreNumberedOnlyByAWholeName) {
  EXPECT_EQ(number_of("12"), 12);
  for (const auto* other : {"", "x", "12x", "1 2", "99999999999999999999"}) EXPECT_EQ(number_of(other), 0) << other;
}

}  // namespace
}  // namespace quietgate
