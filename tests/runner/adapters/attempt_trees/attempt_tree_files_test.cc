#include "runner/adapters/attempt_trees/attempt_tree_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "runner/adapters/attempt_trees/overlay.h"
#include "runner/adapters/attempt_trees/own_mounts.h"
#include "tests/support/folder.h"
#include "tests/support/inline_disk.h"
#include "tests/support/own_mounts_child.h"
#include "tests/support/run_task.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;

// One run with one attempt, whose trees are made in the way that the test wants.
struct Trees {
  explicit Trees(const TestFolder& in, bool mounts = false, TreeLimits tiny = {.entries = 0, .bytes = 0})
      : folder(in),
        trees(disk, {.mounts = mounts, .tiny = tiny, .say = [this](const std::string& line) { said += line + "\n"; }}) {
    folder.write("run/checkout/src/main.c", "int main;");
    folder.write("run/checkout/run.sh", "true");
    fs::create_symlink("run.sh", folder / "run/checkout/link");
    fs::create_directories(folder / "run/unit.1");
  }
  Result<std::string> open(bool resume = false, const std::string& attempt = "unit.1") {
    return run_task(loop, trees.open(folder / "run/checkout", (folder / "run/") + attempt, resume, stop));
  }
  Result<void> close() { return run_task(loop, trees.close(folder / "run/unit.1", stop)); }
  Result<void> clear() { return run_task(loop, trees.clear(folder / "run/checkout", stop)); }
  std::string left() const {
    std::string names;
    for (const auto& one : fs::directory_iterator(folder / "run/unit.1")) names += one.path().filename().string() + " ";
    return names;
  }

  const TestFolder& folder;
  boost::asio::io_context loop;
  Stop stop;
  InlineDisk disk;
  std::string said;
  AttemptTreeFiles trees;
};

TEST(AttemptTrees, ACopyIsTheCheckoutAndChangesNothingOfIt) {
  TestFolder folder;
  Trees trees(folder);
  const auto tree = trees.open();
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(*tree, folder / "run/unit.1/tree");
  EXPECT_EQ(folder.read("run/unit.1/tree/link"), "true");
  folder.write("run/unit.1/tree/src/main.c", "changed");
  folder.write("run/unit.1/tree/more", "x");
  EXPECT_EQ(folder.read("run/checkout/src/main.c"), "int main;");
  EXPECT_FALSE(folder.has("run/checkout/more"));
  EXPECT_TRUE(trees.close());
  EXPECT_EQ(trees.left(), "");
  EXPECT_TRUE(trees.close());
}

TEST(AttemptTrees, ATinyOneIsMadeAtOnce) {
  TestFolder folder;
  Trees trees(folder, false, {.entries = 9, .bytes = 99});
  ASSERT_TRUE(trees.open());
  EXPECT_EQ(trees.disk.calls, 0);
  EXPECT_EQ(folder.read("run/unit.1/tree/src/main.c"), "int main;");
}

TEST(AttemptTrees, OneThatIsTakenUpAgainIsAsItsStepsLeftIt) {
  TestFolder folder;
  Trees trees(folder);
  ASSERT_TRUE(trees.open());
  folder.write("run/unit.1/tree/report.xml", "written");
  ASSERT_TRUE(trees.open(true));
  EXPECT_EQ(folder.read("run/unit.1/tree/report.xml"), "written");
}

TEST(AttemptTrees, AFreshAttemptFindsNothingOfAnEarlierOne) {
  TestFolder folder;
  Trees trees(folder);
  folder.write("run/unit.1/tree/report.xml", "planted");
  folder.write("run/unit.1/tree.upper/report.xml", "planted");
  folder.write("run/unit.1/tree.new/half", "made");
  ASSERT_TRUE(trees.open());
  EXPECT_FALSE(folder.has("run/unit.1/tree/report.xml"));
  EXPECT_EQ(trees.left(), "tree ");
}

TEST(AttemptTrees, AHalfMadeCopyIsMadeAgain) {
  TestFolder folder;
  Trees trees(folder);
  folder.write("run/unit.1/tree.new/half", "made");
  ASSERT_TRUE(trees.open(true));
  EXPECT_FALSE(folder.has("run/unit.1/tree/half"));
  EXPECT_TRUE(folder.has("run/unit.1/tree/run.sh"));
}

TEST(AttemptTrees, TheRunsEndLeavesNoTreeAndNoCheckout) {
  TestFolder folder;
  Trees trees(folder);
  ASSERT_TRUE(trees.open());
  folder.write("run/unit.1/log", "kept");
  folder.write("run/checkout.new/half", "made");
  EXPECT_TRUE(trees.clear());
  EXPECT_EQ(trees.left(), "log ");
  EXPECT_FALSE(folder.has("run/checkout"));
  EXPECT_FALSE(folder.has("run/checkout.new"));
  EXPECT_TRUE(trees.clear());
}

TEST(AttemptTrees, WhatALinkInARunsPlaceLeadsToStays) {
  TestFolder folder;
  Trees trees(folder);
  folder.write("victim/checkout/kept", "kept");
  folder.write("victim/checkout.new/kept", "kept");
  folder.write("victim/unit.1/tree/kept", "kept");
  fs::remove_all(folder / "run");
  fs::create_directory_symlink(folder / "victim", folder / "run");
  EXPECT_TRUE(trees.clear());
  EXPECT_TRUE(run_task(trees.loop, trees.trees.remove(folder / "run/checkout.new", trees.stop)));
  for (const auto* name : {"checkout", "checkout.new", "unit.1/tree"})
    EXPECT_EQ(folder.read(std::string("victim/") + name + "/kept"), "kept");
  EXPECT_TRUE(run_task(trees.loop, trees.trees.remove(folder / "run", trees.stop)));
  EXPECT_FALSE(folder.has("run"));
  EXPECT_TRUE(folder.has("victim/checkout/kept"));
}

TEST(AttemptTrees, WithoutOverlaysTheyAreCopiedAndItIsSaidOnce) {
  TestFolder folder;
  Trees trees(folder, true);
  const auto done = with_own_mounts([&] {
    // An overlay can't lie in another one that it would have to write to.
    folder.write("run/checkout/a,b", "");
    folder.write("a,b/checkout/file", "x");
    fs::create_directories(folder / "a,b/unit.1");
    fs::create_directories(folder / "a,b/unit.2");
    for (const char* attempt : {"a,b/unit.1", "a,b/unit.2"}) {
      const auto tree =
          run_task(trees.loop, trees.trees.open(folder / "a,b/checkout", folder / attempt, false, trees.stop));
      if (!tree || folder.read(std::string(attempt) + "/tree/file") != "x") return 1;
      if (is_mount_point(*tree)) return 2;
    }
    return trees.said.find("trees of attempts are copied: ") == 0 && trees.said.find('\n') == trees.said.size() - 1 ? 0
                                                                                                                    : 3;
  });
  if (done == no_mounts) GTEST_SKIP() << "this user may not mount";
  EXPECT_EQ(done, 0);
}

TEST(AttemptTrees, AnOverlayIsTheCheckoutAndChangesNothingOfIt) {
  TestFolder folder;
  Trees trees(folder, true);
  const auto done = with_own_mounts([&] {
    const auto tree = trees.open();
    if (!tree || !is_mount_point(*tree)) return no_mounts;
    folder.write("run/unit.1/tree/src/main.c", "changed");
    fs::rename(folder / "run/unit.1/tree/src", folder / "run/unit.1/tree/moved");
    fs::remove(folder / "run/unit.1/tree/run.sh");
    if (folder.read("run/checkout/src/main.c") != "int main;" || !folder.has("run/checkout/run.sh")) return 1;
    // Not by its path either.
    if (std::ofstream(folder / "run/checkout/run.sh").is_open()) return 2;
    const auto second = trees.open(false, "unit.2");
    if (second) return 3;  // its folder isn't there
    fs::create_directories(folder / "run/unit.2");
    if (!trees.open(false, "unit.2") || !folder.has("run/unit.2/tree/run.sh")) return 4;
    // As after a service that was killed, with all its steps: what they wrote is there.
    unmount(folder / "run/unit.1/tree");
    if (!trees.open(true) || folder.read("run/unit.1/tree/moved/main.c") != "changed") return 5;
    if (folder.has("run/unit.1/tree/run.sh")) return 6;
    if (!trees.close() || !trees.left().empty()) return 7;
    if (!trees.clear() || folder.has("run/checkout") || folder.has("run/unit.2/tree")) return 8;
    return 0;
  });
  if (done == no_mounts) GTEST_SKIP() << "this user may not mount overlays";
  EXPECT_EQ(done, 0) << trees.said;
}

TEST(OwnMounts, AreSeenByNobodyElseAndFoundAgain) {
  TestFolder folder;
  fs::create_directories(folder / "shown");
  folder.write("hidden/file", "x");
  int ready[2];
  int ended[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(ended), 0);
  // A step that outlives the service which began it.
  const pid_t step = ::fork();
  if (step == 0) {
    ::close(ended[1]);
    char word = 'n';
    if (enter_own_mounts(folder / "mounts") &&
        ::mount((folder / "hidden").c_str(), (folder / "shown").c_str(), nullptr, MS_BIND, nullptr) == 0)
      word = 'y';
    if (::write(ready[1], &word, 1) != 1) ::_exit(1);
    char none;
    ::_exit(::read(ended[0], &none, 1) == 0 ? 0 : 1);
  }
  char word = 0;
  ASSERT_EQ(::read(ready[0], &word, 1), 1);
  const bool seen_here = folder.has("shown/file");
  const auto again = [&] {
    return with_own_mounts([&] { return !enter_own_mounts(folder / "mounts") ? 1 : folder.has("shown/file") ? 0 : 2; });
  };
  const auto while_it_runs = word == 'y' ? again() : no_mounts;
  ::close(ended[1]);
  ASSERT_EQ(::waitpid(step, nullptr, 0), step);
  const auto afterwards = word == 'y' ? again() : no_mounts;
  for (const int end : {ready[0], ready[1], ended[0]}) ::close(end);
  if (word != 'y') GTEST_SKIP() << "this user may not mount";
  EXPECT_FALSE(seen_here);
  EXPECT_EQ(while_it_runs, 0);
  EXPECT_EQ(afterwards, 2);
}

}  // namespace
}  // namespace quietgate
