#include "runner/adapters/workspace/workspace_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/folder.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;

const RunId run{"hello", 2};

// A data directory in which another branch's step can plant what it likes, and a victim elsewhere.
class Planted : public testing::Test {
 protected:
  Planted()
      : files(
            folder / "data", [](const std::string&, std::vector<std::string>) { return nullptr; },
            [this](const std::string& line) { said += line + "\n"; }) {
    fs::create_directories(folder / "data/runs");
    for (const auto* name : {"checkout/kept", "checkout.new/kept", "unit.1/kept"})
      for (const auto* place : {"victim/", "victim/2/"}) folder.write(std::string(place) + name, "kept");
  }
  void is_whole() const {
    for (const auto* name : {"checkout/kept", "checkout.new/kept", "unit.1/kept"})
      for (const auto* place : {"victim/", "victim/2/"}) EXPECT_EQ(folder.read(std::string(place) + name), "kept");
    EXPECT_FALSE(folder.has("victim/unit.1.stale-1"));
    EXPECT_FALSE(folder.has("victim/2/unit.1.stale-1"));
  }
  // What a run does there, from its begin on.
  void use(int number = 1) {
    EXPECT_FALSE(files.has_checkout(run));
    const auto coming = files.begin_checkout(run);
    ASSERT_TRUE(coming) << coming.error().message;
    fs::create_directory(*coming);
    const auto finished = files.finish_checkout(run);
    ASSERT_TRUE(finished) << finished.error().message;
    EXPECT_TRUE(files.has_checkout(run));
    const auto cleared = files.clear_attempt({run, "unit", number});
    ASSERT_TRUE(cleared) << cleared.error().message;
    EXPECT_FALSE(cleared->has_value());
    const auto attempt = files.attempt(run, "unit", number);
    ASSERT_TRUE(attempt) << attempt.error().message;
    EXPECT_TRUE(fs::is_directory(fs::symlink_status(*attempt)));
    EXPECT_TRUE(fs::is_directory(fs::symlink_status(folder / "data/runs/hello/2")));
    EXPECT_TRUE(files.remove_checkout(run));
    EXPECT_FALSE(files.has_checkout(run));
  }

  TestFolder folder;
  std::string said;
  WorkspaceFiles files;
};

TEST_F(Planted, NothingIsMovedAsideInAFolderOfItsOwn) {
  use();
  EXPECT_EQ(said, "");
}

TEST_F(Planted, ALinkInARunsPlaceIsNotFollowed) {
  fs::create_directories(folder / "data/runs/hello");
  fs::create_directory_symlink(folder / "victim", folder / "data/runs/hello/2");
  use();
  is_whole();
  const auto place = folder / "data/runs/hello/2";
  EXPECT_EQ(said, "the file or folder in place of " + place + " is not a folder of quietgate's; it was moved to " +
                      place + ".stale-1\n");
  EXPECT_TRUE(fs::is_symlink(place + ".stale-1"));
}

TEST_F(Planted, ALinkInARepositorysPlaceIsNotFollowed) {
  fs::create_directory_symlink(folder / "victim", folder / "data/runs/hello");
  use();
  is_whole();
  EXPECT_TRUE(fs::is_symlink(folder / "data/runs/hello.stale-1"));
}

// Each of them may be the first, after a restart.
TEST_F(Planted, NoQuestionFollowsALink) {
  fs::create_directories(folder / "data/runs/hello");
  const auto plant = [&] {
    fs::remove_all(folder / "data/runs/hello/2");
    fs::create_directory_symlink(folder / "victim", folder / "data/runs/hello/2");
  };
  plant();
  EXPECT_TRUE(files.clear_attempt({run, "unit", 1}));
  plant();
  EXPECT_TRUE(files.attempt(run, "unit", 1));
  plant();
  EXPECT_TRUE(files.begin_checkout(run));
  plant();
  EXPECT_FALSE(files.finish_checkout(run));
  plant();
  EXPECT_TRUE(files.remove_checkout(run));
  is_whole();
}

TEST_F(Planted, APipeInARunsPlaceIsMovedAside) {
  fs::create_directories(folder / "data/runs/hello");
  const auto pipe = folder / "data/runs/hello/2";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  use();
  EXPECT_TRUE(fs::is_fifo(pipe + ".stale-1"));
}

TEST_F(Planted, WhatStandsInACheckoutsPlaceGivesWay) {
  fs::create_directories(folder / "data/runs/hello/2");
  fs::create_directory_symlink(folder / "victim", folder / "data/runs/hello/2/checkout");
  use();
  is_whole();
  folder.write("data/runs/hello/2/checkout", "a file");
  use(2);
}

}  // namespace
}  // namespace quietgate
