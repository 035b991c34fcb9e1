#include "runner/base/walk.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "tests/support/folder.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;

TEST(Walk, TellsEveryEntryAndFollowsNoLink) {
  TestFolder folder;
  folder.write("a/b/file", "x");
  folder.write("c/file", "x");
  fs::create_directory_symlink(folder / "a", folder / "link");
  std::vector<std::string> seen;
  const auto walked = walk_tree(folder.path, [&](const std::string& path, EntryKind kind) {
    seen.push_back(path + (kind == EntryKind::folder ? "/" : kind == EntryKind::link ? "@" : ""));
    return path != "c";
  });
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (std::vector<std::string>{"a/", "a/b/", "a/b/file", "c/", "link@"}));
  EXPECT_FALSE(walked.stopped || walked.entries_over);
  EXPECT_EQ(walked.too_deep, "");
}

TEST(Walk, IsBoundedInEntriesAndDepth) {
  TestFolder folder;
  for (int i = 0; i < 10; ++i) folder.write("file" + std::to_string(i), "x");
  int seen = 0;
  const auto count = [&](const std::string&, EntryKind) { return ++seen > 0; };
  EXPECT_TRUE(walk_tree(folder.path, count, nullptr, {.entries = 4, .depth = 9}).entries_over);
  EXPECT_EQ(seen, 4);
  fs::create_directories(folder / "a/b/c/d");
  EXPECT_EQ(walk_tree(folder.path, count, nullptr, {.entries = 99, .depth = 2}).too_deep, "a/b/c");
}

TEST(Walk, StopsWhenItIsToldOrHasEnough) {
  TestFolder folder;
  folder.write("one", "x");
  folder.write("two", "x");
  int seen = 0;
  std::atomic<bool> stop{false};
  const auto once = [&](const std::string&, EntryKind) {
    ++seen;
    stop.store(true);
    return true;
  };
  EXPECT_TRUE(walk_tree(folder.path, once, &stop).stopped);
  EXPECT_EQ(seen, 1);
  EXPECT_TRUE(walk_tree(folder.path, [&](const std::string&, EntryKind) { return ++seen < 0; }).stopped);
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace quietgate
