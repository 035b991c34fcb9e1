#include "runner/adapters/sandbox/system_view.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/folder.h"

namespace quietgate {
namespace {

TEST(SystemView, HasFoldersAndLinksButNotWhatIsPeoplesOrAStepsOwn) {
  const TestFolder root;
  for (const char* name : {"usr", "etc", "home", "root", "tmp", "run", "proc", "dev", "mnt"})
    std::filesystem::create_directory(root.path + "/" + name);
  std::filesystem::create_symlink("usr/bin", root.path + "/bin");
  const auto entries = system_view(root.path);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].path, "/bin");
  EXPECT_EQ(entries[0].link, "usr/bin");
  EXPECT_EQ(entries[1].path, "/etc");
  EXPECT_EQ(entries[2].path, "/usr");
  EXPECT_EQ(entries[2].link, "");
}

TEST(SystemView, OnlyWhatStandsInAFolderOfItIsShown) {
  const std::vector<SystemEntry> system{{"/bin", "usr/bin"}, {"/var", {}}};
  EXPECT_TRUE(is_shown(system, "/var"));
  EXPECT_TRUE(is_shown(system, "/var/lib/quietgate"));
  EXPECT_FALSE(is_shown(system, "/variable"));
  EXPECT_FALSE(is_shown(system, "/bin/x"));
  EXPECT_FALSE(is_shown(system, "/home/ana"));
}

}  // namespace
}  // namespace quietgate
