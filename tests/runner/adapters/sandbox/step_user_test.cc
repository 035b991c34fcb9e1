#include "runner/adapters/sandbox/step_user.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/folder.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;

uid_t owner_of(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_uid : static_cast<uid_t>(-1);
}

TEST(StepUser, ARunnerThatIsNoRootHasNoOtherUser) {
  if (::geteuid() == 0) GTEST_SKIP() << "this is root";
  const auto user = step_user("");
  ASSERT_TRUE(user.ok());
  EXPECT_EQ(user->user, 0U);
}

TEST(StepUser, RootHasAnotherOneAndNeverItself) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root runs steps as another user";
  const auto user = step_user("");
  ASSERT_TRUE(user.ok());
  EXPECT_NE(user->user, 0U);
  EXPECT_EQ(step_user("root").error().message, "steps are to run as `root`, which is root");
  EXPECT_EQ(step_user("no-such-user").error().message, "steps are to run as `no-such-user`, and there is no such user");
  EXPECT_EQ(step_user("nobody")->user, ::getpwnam("nobody")->pw_uid);
}

TEST(StepUser, AUserThatTheMachineDoesNotKnowIsAddedToWhatIsShown) {
  const TestFolder folder;
  const StepUser user{60870, 60870, "quietgate-step"};
  const auto shown = known_users(user, folder.path);
  ASSERT_TRUE(shown.ok());
  if (::getpwuid(60870) != nullptr) GTEST_SKIP() << "this machine knows it";
  ASSERT_EQ(shown->size(), 2U);
  EXPECT_EQ(shown->front().first, "/etc/passwd");
  std::ifstream file(shown->front().second);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find("\nquietgate-step:x:60870:60870::/home/step:/bin/sh\n"), std::string::npos);
  EXPECT_NE(text.find("root:"), std::string::npos);
}

TEST(StepUser, WhatIsGivenIsGivenWholeAndLinksAreNotFollowed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const TestFolder folder;
  const auto tree = folder.path + "/tree";
  fs::create_directories(tree + "/deep");
  std::ofstream(tree + "/deep/file") << "x";
  std::ofstream(folder.path + "/outside") << "x";
  fs::create_symlink("../outside", tree + "/link");
  const StepUser user{60870, 60870, "quietgate-step"};
  ASSERT_TRUE(give_to(user, tree).ok());
  for (const char* name : {"", "/deep", "/deep/file", "/link"}) EXPECT_EQ(owner_of(tree + name), 60870U) << name;
  EXPECT_EQ(owner_of(folder.path + "/outside"), 0U);
  // What is the user's already is not walked again.
  std::ofstream(tree + "/later") << "x";
  ASSERT_TRUE(give_to(user, tree).ok());
  EXPECT_EQ(owner_of(tree + "/later"), 0U);
  ASSERT_TRUE(give_entries(user, tree).ok());
  EXPECT_EQ(owner_of(tree + "/later"), 60870U);
}

}  // namespace
}  // namespace quietgate
