#include "runner/adapters/sandbox/sandbox_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace quietgate {
namespace {

using ::testing::ElementsAre;

SandboxPolicy policy() {
  SandboxPolicy of;
  of.program = "/usr/bin/bwrap";
  of.system = {{"/bin", "usr/bin"}, {"/usr", {}}};
  of.home = "/d/a/own/home";
  of.temporary = "/d/a/own/tmp";
  return of;
}

// Where these words stand one after the other; the end: nowhere.
std::size_t place(const std::vector<std::string>& all, const std::vector<std::string>& words) {
  return static_cast<std::size_t>(std::search(all.begin(), all.end(), words.begin(), words.end()) - all.begin());
}

TEST(SandboxPolicy, TheWholeOfAUsersOwn) {
  EXPECT_THAT(sandbox_arguments(policy()),
              ElementsAre("/usr/bin/bwrap", "--unshare-user", "--unshare-pid", "--as-pid-1", "--unshare-ipc",
                          "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL", "--symlink", "usr/bin", "/bin",
                          "--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs",
                          "/dev/shm", "--tmpfs", "/run", "--ro-bind-try", "/run/systemd/resolve",
                          "/run/systemd/resolve", "--ro-bind-try", "/run/resolvconf", "/run/resolvconf", "--remount-ro",
                          "/run", "--bind", "/d/a/own/tmp", "/tmp", "--bind", "/d/a/own/tmp", "/var/tmp", "--perms",
                          "0755", "--dir", "/home", "--bind", "/d/a/own/home", "/home/step", "--remount-ro", "/"));
}

TEST(SandboxPolicy, RootMakesItWithoutAUserNamespaceAndKeepsWhatBecomingAnotherUserTakes) {
  auto of = policy();
  of.made_by_root = true;
  const auto words = sandbox_arguments(of);
  EXPECT_EQ(place(words, {"--unshare-user"}), words.size());
  EXPECT_LT(place(words, {"--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"}), words.size());
}

TEST(SandboxPolicy, OneThatJoinsHasNoProcessIdsAndNoUsersOfItsOwn) {
  auto of = policy();
  of.joins = true;
  const auto words = sandbox_arguments(of);
  for (const char* word : {"--unshare-user", "--unshare-pid", "--as-pid-1"})
    EXPECT_EQ(place(words, {word}), words.size()) << word;
}

TEST(SandboxPolicy, WhatIsHiddenIsHiddenBeforeItsOwnIsShownAndClosedBehindIt) {
  auto of = policy();
  of.hidden_folders = {"/usr/d"};
  of.hidden_files = {"/usr/key"};
  of.readable = {"/usr/d/script"};
  of.writable = {"/usr/d/tree"};
  of.covered = {"/usr/d/tree/kept"};
  const auto words = sandbox_arguments(of);
  const auto hidden = place(words, {"--tmpfs", "/usr/d"});
  const auto shown = place(words, {"--bind", "/usr/d/tree", "/usr/d/tree"});
  EXPECT_LT(place(words, {"--ro-bind", "/usr", "/usr"}), hidden);
  EXPECT_LT(hidden, place(words, {"--ro-bind", "/usr/d/script", "/usr/d/script"}));
  EXPECT_LT(hidden, shown);
  EXPECT_LT(shown, place(words, {"--tmpfs", "/usr/d/tree/kept", "--remount-ro", "/usr/d/tree/kept"}));
  EXPECT_LT(shown, place(words, {"--remount-ro", "/usr/d"}));
  EXPECT_LT(place(words, {"--ro-bind", "/dev/null", "/usr/key"}), words.size());
}

TEST(SandboxPolicy, OnlyTheHostsNetworkIsTheHosts) {
  auto of = policy();
  EXPECT_EQ(place(sandbox_arguments(of), {"--unshare-net"}), sandbox_arguments(of).size());
  of.network = StepView::Network::none;
  EXPECT_LT(place(sandbox_arguments(of), {"--unshare-net"}), sandbox_arguments(of).size());
}

}  // namespace
}  // namespace quietgate
