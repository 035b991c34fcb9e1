// The Git adapter's mirrors: what is read and checked out of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/git_fixture.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Reading.

TEST_F(GitTest, ReadsFilesCommitsAndHistory) {
  servers.make_repository("hello");
  const auto one = servers.commit("hello", "main", {{"a", "1"}, {"big", std::string(200, 'x')}, {"link:l", "a"}});
  const auto two = servers.commit("hello", "main", {{"b", "1"}}, {"main"});
  const auto side = servers.commit("hello", "side", {{"s", "1"}}, {one});
  const auto three = servers.commit("hello", "main", {{"b", "1"}, {"s", "1"}}, {"main", "side"});
  ASSERT_TRUE(fetch(remote(servers.file()), {"main"}).ok());
  auto read = [&](const std::string& path) { return run_task(loop, git.read_file("hello", one, path, 100, stop)); };
  EXPECT_EQ(*read("a"), "1");
  EXPECT_EQ(*read("nothing"), std::nullopt);
  EXPECT_EQ(*read(""), std::nullopt);
  EXPECT_EQ(read("big").error().kind, ErrorKind::user);
  EXPECT_EQ(read("l").error().kind, ErrorKind::user);
  auto commit = run_task(loop, git.commit("hello", one, stop));
  ASSERT_TRUE(commit.ok());
  EXPECT_EQ(commit->author, "Ana <ana@example.org>");
  EXPECT_EQ(commit->summary, "Change main");
  EXPECT_EQ(commit->committed, Time(std::chrono::seconds(1'700'000'000)));

  auto ancestor = [&](const CommitId& a, const CommitId& b) {
    return *run_task(loop, git.is_ancestor("hello", a, b, stop));
  };
  EXPECT_TRUE(ancestor(one, three));
  EXPECT_TRUE(ancestor(one, one));
  EXPECT_FALSE(ancestor(three, one));
  EXPECT_FALSE(ancestor(two, side));
  auto between = [&](const CommitId& from, std::size_t limit) {
    return *run_task(loop, git.commits_between("hello", from, three, limit, stop));
  };
  EXPECT_THAT(between(one, 10), ElementsAre(two, three));
  EXPECT_THAT(between("", 10), ElementsAre(one, two, three));
  EXPECT_THAT(between("", 2), ElementsAre(two, three));
  EXPECT_THAT(between(side, 10), ElementsAre(two, three));
  EXPECT_THAT(between(three, 10), IsEmpty());
  auto paths = run_task(loop, git.changed_paths("hello", "", two, stop));
  EXPECT_THAT(*paths, ElementsAre("b"));
  auto moved = run_task(loop, git.changed_paths("hello", one, two, stop));
  EXPECT_THAT(*moved, ElementsAre("a", "b", "big", "l")) << "both sides of a rename";
  EXPECT_FALSE(run_task(loop, git.commit("hello", std::string(40, 'a'), stop)).ok());
  EXPECT_FALSE(run_task(loop, git.commit("other", one, stop)).ok());
}

TEST_F(GitTest, ChecksOutExactlyTheTree) {
  servers.make_repository("hello");
  const auto id = servers.commit("hello", "main",
                                 {{"a.txt", "one\r\ntwo\n"},
                                  {"run:bin/go", "#!/bin/sh\n"},
                                  {"deep/er/x", "x"},
                                  {"link:deep/er/up", "../../a.txt"},
                                  {"link:deep/side", "er/../er/x"},
                                  {"link:dangling", "not/yet"},
                                  {".gitattributes", "*.txt text eol=lf\n"}});
  ASSERT_TRUE(fetch(remote(servers.file()), {"main"}).ok());
  const auto into = servers.folder().path("out");
  auto written = checkout(id, into);
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_EQ(text_of(into + "/a.txt"), "one\r\ntwo\n");
  EXPECT_EQ(text_of(into + "/deep/er/up"), "one\r\ntwo\n");
  EXPECT_EQ(text_of(into + "/deep/side"), "x");
  EXPECT_TRUE(fs::is_symlink(into + "/dangling"));
  using fs::perms;
  EXPECT_NE(fs::status(into + "/bin/go").permissions() & perms::owner_exec, perms::none);
  EXPECT_EQ(fs::status(into + "/a.txt").permissions() & perms::owner_exec, perms::none);
  EXPECT_FALSE(fs::exists(into + "/.git"));
  EXPECT_EQ(std::distance(fs::recursive_directory_iterator(into), {}), 10);
  EXPECT_FALSE(checkout(id, into).ok()) << "not empty";
}

TEST_F(GitTest, RefusesTreesThatWouldEscape) {
  servers.make_repository("hello");
  const auto blob = servers.git("hello", {"hash-object", "-w", "--stdin"}, "x");
  auto raw = [](const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
      bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return bytes;
  };
  using Entries = std::vector<std::pair<std::string, std::string>>;
  auto tree = [&](const Entries& entries) {
    std::string bytes;
    for (const auto& [name, hex] : entries) bytes += name + '\0' + raw(hex);
    return servers.git("hello", {"hash-object", "-w", "-t", "tree", "--literally", "--stdin"}, bytes);
  };
  auto link = [&](const std::string& target) { return servers.git("hello", {"hash-object", "-w", "--stdin"}, target); };
  const auto inner = tree({{"100644 x", blob}});
  const std::vector<std::pair<std::string, std::string>> cases{
      {"dot dot", tree({{"40000 ..", inner}})},
      {"dot git", tree({{"40000 .GIT", inner}})},
      {"slash", tree({{"100644 a/b", blob}})},
      {"absolute link", tree({{"120000 l", link("/etc/passwd")}})},
      {"climbing link", tree({{"120000 l", link("../x")}})},
      {"late climber", tree({{"120000 l", link("a/../../x")}})},
      {"through a link", tree({{"40000 d", tree({{"40000 e", tree({{"120000 top", link("../..")}})}})},
                               {"120000 l", link("d/e/top/../x")}})},
      {"twice", tree({{"120000 d", link("d2")}, {"40000 d", inner}})},
  };
  std::vector<CommitId> commits;
  for (const auto& [name, root] : cases) commits.push_back(servers.git("hello", {"commit-tree", "-m", name, root}));
  // Copied, not fetched, so that nothing on the way refuses these first.
  fs::create_directories(servers.folder().path("mirrors"));
  fs::copy(servers.folder().path("srv/hello.git"), servers.folder().path("mirrors/hello.git"),
           fs::copy_options::recursive);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto& name = cases[i].first;
    const auto into = servers.folder().path("out/" + std::to_string(i));
    auto written = checkout(commits[i], into);
    ASSERT_FALSE(written.ok()) << name;
    EXPECT_EQ(written.error().kind, ErrorKind::step) << name << ": " << written.error().message;
    EXPECT_TRUE(!fs::exists(into) || fs::is_empty(into)) << name;
    EXPECT_FALSE(fs::exists(servers.folder().path("out/x"))) << name;
  }
}

// Mirrors.

TEST_F(GitTest, AHalfMadeMirrorIsMadeAgain) {
  servers.make_repository("hello");
  const auto id = servers.commit("hello", "main", {{"a", "1"}});
  servers.folder().write("mirrors/hello.git/config", "half");
  servers.folder().write("mirrors/hello.git.making-1999999999/HEAD", "abandoned");
  auto fetched = fetch(remote(servers.file()), {"main"});
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_TRUE(run_task(loop, git.commit("hello", id, stop)).ok());
  EXPECT_EQ(std::distance(fs::directory_iterator(servers.folder().path("mirrors")), {}), 1);
}

// A process that is killed while it moves a ref leaves Git's lock file behind, and everybody after it would wait for
// ever.
TEST_F(GitTest, LocksOfAProcessThatIsGoneAreRemoved) {
  servers.make_repository("hello");
  servers.commit("hello", "main", {{"a", "1"}});
  ASSERT_TRUE(fetch(remote(servers.file()), {"main"}).ok());
  const auto newer = servers.commit("hello", "main", {{"a", "2"}}, {"main"});
  for (const auto* lock : {"refs/quietgate/heads/main.lock", "packed-refs.lock", "HEAD.lock", "config.lock"}) {
    servers.folder().write(std::string("mirrors/hello.git/") + lock, "");
  }
  // The process that comes next.
  GitLibgit2 next(pool, servers.folder().path("mirrors"));
  auto fetched = run_task(loop, next.fetch(remote(servers.file()), std::vector<std::string>(1, "main"), stop));
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  EXPECT_TRUE(run_task(loop, next.commit("hello", newer, stop)).ok());
  EXPECT_FALSE(fs::exists(servers.folder().path("mirrors/hello.git/packed-refs.lock")));
}

TEST_F(GitTest, ManyFetchesAtOnceAllSucceed) {
  const auto base = servers.http();
  if (base.empty()) GTEST_SKIP() << servers.missing();
  servers.make_repository("hello");
  std::vector<std::string> names;
  std::vector<CommitId> ids;
  for (int i = 0; i < 6; ++i) {
    names.push_back("branch" + std::to_string(i));
    ids.push_back(servers.commit("hello", names.back(), {{"a", names.back()}}));
  }
  std::vector<std::optional<Result<void>>> answers(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::vector<std::string> one(1, names[i]);
    spawn(loop.get_executor(), keep_value(git.fetch(remote(base), std::move(one), stop), answers[i]),
          [](std::exception_ptr) {});
  }
  loop.restart();
  loop.run();
  for (std::size_t i = 0; i < names.size(); ++i) {
    ASSERT_TRUE(answers[i] && answers[i]->ok()) << answers[i]->error().message;
    EXPECT_TRUE(run_task(loop, git.commit("hello", ids[i], stop)).ok());
  }
}

}  // namespace
}  // namespace quietgate
