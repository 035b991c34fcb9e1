#include "runner/base/file_search.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "runner/base/open_folder.h"
#include "tests/support/folder.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;

TEST(FindFiles, AnswersFilesAndLinksToFilesInside) {
  TestFolder folder;
  folder.write("tree/out/a.xml", "x");
  folder.write("tree/out/deep/b.xml", "x");
  folder.write("tree/.git/c.xml", "x");
  folder.write("outside.xml", "x");
  fs::create_symlink("a.xml", folder / "tree/out/link.xml");
  fs::create_symlink("../../outside.xml", folder / "tree/out/leak.xml");
  const auto found = find_files(folder / "tree", {"./**/*.xml"}, 99);
  EXPECT_EQ(found.paths, (std::vector<std::string>{"out/a.xml", "out/deep/b.xml", "out/link.xml"}));
  EXPECT_EQ(found.skipped_links, 1u);
  EXPECT_EQ(found.first_unusable, "out/leak.xml");
  EXPECT_EQ(found.why_unusable, "a link out of the tree");
  EXPECT_EQ(find_files(folder / "tree", {"out/*"}, 99).first_folder, "out/deep");
  EXPECT_EQ(found.not_searched, "");
  EXPECT_TRUE(find_files(folder / "tree", {"**"}, 1).truncated);
}

TEST(FindFiles, WhatIsTooDeepIsToldAndNotLookedAt) {
  TestFolder folder(TestFolder::memory());
  fs::create_directory(folder / "tree");
  auto at = open_folder(folder / "tree");
  for (int depth = 0; depth < 3'000; ++depth) {
    ASSERT_EQ(::mkdirat(at.get(), "d", 0755), 0);
    at = open_folder_below(at.get(), "d");
  }
  const auto found = find_files(folder / "tree", {"**/x"}, 99);
  EXPECT_TRUE(found.paths.empty());
  EXPECT_EQ(found.not_searched.find("folders more than 128 deep were not looked at: d/d/d/"), 0u) << found.not_searched;
}

TEST(FindFiles, StopsWhenItIsTold) {
  TestFolder folder;
  folder.write("tree/a", "x");
  const std::atomic<bool> stop{true};
  const auto found = find_files(folder / "tree", {"*"}, 99, &stop);
  EXPECT_TRUE(found.paths.empty());
  EXPECT_EQ(found.not_searched, "the search was stopped");
}

}  // namespace
}  // namespace quietgate
