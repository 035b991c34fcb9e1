#include "runner/base/tree_removal.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>

#include "runner/base/open_folder.h"
#include "tests/support/folder.h"
#include "tests/support/own_mounts_child.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;

// A chain of folders that no path is long enough for.
void nest(const std::string& top, int depth) {
  ASSERT_EQ(::mkdir(top.c_str(), 0755), 0);
  auto at = open_folder(top);
  for (int i = 0; i < depth; ++i) {
    ASSERT_EQ(::mkdirat(at.get(), "deeper", 0755), 0);
    at = open_folder_below(at.get(), "deeper");
    ASSERT_TRUE(at);
  }
}

TEST(Removal, RemovesFilesFoldersAndLinksAndFollowsNone) {
  TestFolder folder;
  folder.write("outside/kept", "kept");
  folder.write("tree/a/b/file", "x");
  fs::create_directory_symlink(folder / "outside", folder / "tree/a/link");
  fs::create_symlink(folder / "outside/kept", folder / "tree/to-file");
  EXPECT_TRUE(remove_tree(folder / "tree"));
  EXPECT_FALSE(folder.has("tree"));
  EXPECT_EQ(folder.read("outside/kept"), "kept");
}

TEST(Removal, TheTopMayBeAbsentAFileOrALink) {
  TestFolder folder;
  folder.write("kept/file", "kept");
  folder.write("file", "x");
  fs::create_directory_symlink(folder / "kept", folder / "link");
  EXPECT_TRUE(remove_tree(folder / "absent"));
  EXPECT_TRUE(remove_tree(folder / "absent/below"));
  EXPECT_TRUE(remove_tree(folder / "file"));
  EXPECT_TRUE(remove_tree(folder / "link"));
  EXPECT_FALSE(folder.has("link"));
  EXPECT_EQ(folder.read("kept/file"), "kept");
}

TEST(Removal, NoDepthIsTooDeep) {
  TestFolder folder(TestFolder::memory());
  nest(folder / "tree", 20'000);
  const auto removed = remove_tree(folder / "tree");
  EXPECT_TRUE(removed) << removed.error().message;
  EXPECT_FALSE(folder.has("tree"));
}

TEST(Removal, FoldersThatMayNotBeReadAreRemoved) {
  TestFolder folder;
  folder.write("tree/locked/file", "x");
  ASSERT_EQ(::chmod((folder / "tree/locked").c_str(), 0), 0);
  ASSERT_EQ(::chmod((folder / "tree").c_str(), 0500), 0);
  const auto removed = remove_tree(folder / "tree");
  EXPECT_TRUE(removed) << removed.error().message;
}

TEST(Removal, StopsWhenItIsTold) {
  TestFolder folder;
  folder.write("tree/file", "x");
  const std::atomic<bool> stop{true};
  const auto removed = remove_tree(folder / "tree", &stop);
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().message, "the removal of " + (folder / "tree") + " was stopped");
  EXPECT_TRUE(folder.has("tree/file"));
}

// Of the same device: only the mount tells it apart.
TEST(Removal, WhatIsMountedBelowStaysAndIsTold) {
  TestFolder folder;
  folder.write("precious/file", "kept");
  folder.write("precious.txt", "kept too");
  folder.write("tree/a/mounted/.keep", "");
  folder.write("tree/b", "x");
  folder.write("tree/single", "x");
  const auto done = with_own_mounts([&] {
    if (::mount((folder / "precious").c_str(), (folder / "tree/a/mounted").c_str(), nullptr, MS_BIND, nullptr) != 0)
      return no_mounts;
    const auto removed = remove_tree(folder / "tree");
    if (removed ||
        removed.error().message != "can't remove " + (folder / "tree/a/mounted") + ": something is mounted there")
      return 1;
    if (!folder.has("tree/a/mounted/file") || folder.has("tree/b")) return 2;
    folder.write("tree/single", "x");
    if (::mount((folder / "precious.txt").c_str(), (folder / "tree/single").c_str(), nullptr, MS_BIND, nullptr) != 0)
      return 3;
    const auto again = remove_tree(folder / "tree");
    if (again || again.error().message.find("and 1 more places") == std::string::npos) return 4;
    return 0;
  });
  if (done == no_mounts) GTEST_SKIP() << "this user may not mount";
  EXPECT_EQ(done, 0);
  EXPECT_EQ(folder.read("precious/file"), "kept");
  EXPECT_EQ(folder.read("precious.txt"), "kept too");
}

TEST(Removal, WhatIsMountedAtTheTopStaysAndIsTold) {
  TestFolder folder;
  folder.write("precious/file", "kept");
  fs::create_directory(folder / "tree");
  const auto done = with_own_mounts([&] {
    if (::mount((folder / "precious").c_str(), (folder / "tree").c_str(), nullptr, MS_BIND, nullptr) != 0)
      return no_mounts;
    const auto removed = remove_tree(folder / "tree");
    return !removed && removed.error().message == "can't remove " + (folder / "tree") + ": something is mounted there"
               ? 0
               : 1;
  });
  if (done == no_mounts) GTEST_SKIP() << "this user may not mount";
  EXPECT_EQ(done, 0);
  EXPECT_EQ(folder.read("precious/file"), "kept");
}

}  // namespace
}  // namespace quietgate
