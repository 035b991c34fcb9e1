#include "runner/base/tree_copy.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/folder.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;

struct stat status_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

TEST(TreeCopy, HasTheSameFilesModesLinksAndTimes) {
  TestFolder folder;
  folder.write("from/a/run", "#!/bin/sh\n");
  folder.write("from/a/empty", "");
  fs::create_directory(folder / "from/module");
  fs::create_symlink("a/run", folder / "from/link");
  fs::create_directory_symlink("../elsewhere", folder / "from/a/broken");
  fs::permissions(folder / "from/a/run", fs::perms(0755));
  const struct timespec times[2] = {{100, 0}, {1'000'000'000, 7}};
  for (const char* path : {"from/a/run", "from/a"})
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder / path).c_str(), times, 0), 0);

  const auto copied = copy_tree(folder / "from", folder / "to");
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(folder.read("to/a/run"), "#!/bin/sh\n");
  EXPECT_EQ(fs::read_symlink(folder / "to/link"), "a/run");
  EXPECT_EQ(fs::read_symlink(folder / "to/a/broken"), "../elsewhere");
  EXPECT_TRUE(fs::is_empty(folder / "to/module"));
  for (const char* path : {"a/run", "a/empty", "a", "module", "."}) {
    const auto from = status_of((folder / "from/") + path);
    const auto to = status_of((folder / "to/") + path);
    EXPECT_EQ(from.st_mode, to.st_mode) << path;
    EXPECT_EQ(from.st_mtim.tv_sec, to.st_mtim.tv_sec) << path;
    EXPECT_EQ(from.st_mtim.tv_nsec, to.st_mtim.tv_nsec) << path;
    EXPECT_NE(from.st_ino, to.st_ino) << path;
  }
}

TEST(TreeCopy, WhatIsWrittenThereChangesNothingHere) {
  TestFolder folder;
  folder.write("from/file", std::string(300'000, 'a'));
  ASSERT_TRUE(copy_tree(folder / "from", folder / "to"));
  std::ofstream(folder / "to/file", std::ios::app) << "more";
  EXPECT_EQ(folder.read("from/file").size(), 300'000u);
  EXPECT_EQ(folder.read("to/file").size(), 300'004u);
}

TEST(TreeCopy, StopsAtItsLimitsAndWhenItIsTold) {
  TestFolder folder;
  folder.write("from/one", "12345");
  folder.write("from/two", "12345");
  const auto many = copy_tree(folder / "from", folder / "many", nullptr, {.entries = 1, .bytes = 100});
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().message, (folder / "from") + " is too large to be copied");
  EXPECT_FALSE(copy_tree(folder / "from", folder / "large", nullptr, {.entries = 9, .bytes = 9}));
  const std::atomic<bool> stop{true};
  EXPECT_FALSE(copy_tree(folder / "from", folder / "stopped", &stop));
  EXPECT_FALSE(copy_tree(folder / "from", folder / "many"));  // it is there
}

TEST(TreeCopy, KnowsWhatIsWithinItsLimits) {
  TestFolder folder;
  folder.write("tree/a/file", "12345");
  EXPECT_TRUE(is_within(folder / "tree", {.entries = 2, .bytes = 5}));
  EXPECT_FALSE(is_within(folder / "tree", {.entries = 1, .bytes = 5}));
  EXPECT_FALSE(is_within(folder / "tree", {.entries = 2, .bytes = 4}));
  EXPECT_FALSE(is_within(folder / "absent", {.entries = 2, .bytes = 5}));
}

}  // namespace
}  // namespace quietgate
