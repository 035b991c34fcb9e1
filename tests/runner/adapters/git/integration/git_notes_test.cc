// What is moved beside the promotion itself, against real servers: notes, and branches that go back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runner/adapters/git/git_notes.h"
#include "tests/support/git_fixture.h"

namespace quietgate {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = PushOutcome::Kind;

using GitNotes = GitTest;

class NotesOverEveryScheme : public GitTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    const std::string scheme = GetParam();
    base = scheme == "file"    ? servers.file()
           : scheme == "http"  ? servers.http()
           : scheme == "https" ? servers.https()
           : scheme == "git"   ? servers.daemon()
                               : servers.ssh();
    if (base.empty()) GTEST_SKIP() << servers.missing();
    servers.make_repository("hello");
  }
  std::string base;
};
INSTANTIATE_TEST_SUITE_P(Git, NotesOverEveryScheme, ::testing::Values("file", "http", "https", "git", "ssh"),
                         [](const auto& scheme) { return std::string(scheme.param); });

TEST_P(NotesOverEveryScheme, PutABranchBackOnlyFromWhereItMustBe) {
  const auto first = servers.commit("hello", "main", {{"a", "1"}});
  const auto second = servers.commit("hello", "main", {{"a", "2"}}, {"main"});
  const auto url = remote(base);
  ASSERT_TRUE(fetch(url, {"main"}).ok());
  ASSERT_EQ(push(url, "production", "", second)->kind, Kind::moved);
  auto stale = run_task(loop, git.put_back(url, "production", first, first, stop));
  ASSERT_TRUE(stale.ok()) << stale.error().message;
  EXPECT_EQ(stale->kind, Kind::stale);
  EXPECT_EQ(servers.tip("hello", "production"), second);
  auto back = run_task(loop, git.put_back(url, "production", second, first, stop));
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->kind, Kind::moved) << back->detail;
  EXPECT_EQ(servers.tip("hello", "production"), first);
  EXPECT_THAT(servers.git("hello", {"for-each-ref", "refs/quietgate"}), IsEmpty());
}

TEST_P(NotesOverEveryScheme, AddLinesBesideWhatOthersWroteThere) {
  const auto first = servers.commit("hello", "main", {{"a", "1"}});
  const auto second = servers.commit("hello", "main", {{"a", "2"}}, {"main"});
  const auto url = remote(base);
  ASSERT_TRUE(fetch(url, {"main"}).ok());
  const std::string ref = "refs/notes/quietgate";
  const auto note = [&](const CommitId& commit, const std::string& line) {
    auto outcome = run_task(loop, git.push_note(url, ref, commit, line, stop));
    EXPECT_TRUE(outcome.ok()) << outcome.error().message;
    return outcome ? outcome->kind : NoteOutcome::Kind::refused;
  };
  const auto shown = [&](const CommitId& commit) {
    return servers.git("hello", {"notes", "--ref", "quietgate", "show", commit});
  };
  EXPECT_EQ(note(first, "one"), NoteOutcome::Kind::added);
  EXPECT_EQ(shown(first), "one");
  servers.git("hello", {"-c", "user.name=Eve", "-c", "user.email=e@x", "notes", "--ref", "quietgate", "add", "-m",
                        "hers", second});
  EXPECT_EQ(note(second, "two"), NoteOutcome::Kind::added);
  EXPECT_EQ(shown(second), "hers\ntwo");
  EXPECT_EQ(note(first, "one"), NoteOutcome::Kind::unchanged);
  EXPECT_EQ(note(first, "on"), NoteOutcome::Kind::added) << "a part of a line is another line";
  EXPECT_EQ(shown(first), "one\non");
  EXPECT_THAT(servers.git("hello", {"for-each-ref", "refs/quietgate"}), IsEmpty());

  auto here = read_note(servers.folder().path("srv/hello.git"), ref, "main~1");
  ASSERT_TRUE(here.ok()) << here.error().message;
  EXPECT_EQ(here->commit, first);
  EXPECT_EQ(here->text, "one\non\n");
  EXPECT_FALSE(read_note(servers.folder().path("srv/hello.git"), "refs/notes/other", "main")->text);
  EXPECT_FALSE(read_note(servers.folder().path("srv/hello.git"), ref, "nowhere").ok());
  EXPECT_FALSE(read_note(servers.folder().path("srv"), ref, "main").ok());

  const auto served = servers.folder().path("srv/hello.git");
  EXPECT_EQ(newest_lines(served, ref, 9), (std::vector<std::string>{"on", "two", "hers", "one"}));
  EXPECT_EQ(newest_lines(served, ref, 2), (std::vector<std::string>{"on", "two"}));
  EXPECT_TRUE(newest_lines(served, "refs/notes/other", 9).empty());
  EXPECT_TRUE(newest_lines(served + "/none", ref, 9).empty());
  servers.git("hello", {"pack-refs", "--all"});
  EXPECT_EQ(newest_lines(served, ref, 2), (std::vector<std::string>{"on", "two"})) << "its ref is packed";
}

TEST_F(GitNotes, OfManyInTheSameMomentNoneIsLost) {
  for (const auto& base : {servers.http(), servers.file()}) {
    if (base.empty()) GTEST_SKIP() << servers.missing();
    const std::string name = "notes-" + std::to_string(base.size());
    servers.make_repository(name);
    const auto first = servers.commit(name, "main", {{"a", "1"}});
    const auto url = remote(base, name);
    ASSERT_TRUE(fetch(url, {"main"}).ok());
    std::vector<std::optional<Result<NoteOutcome>>> all(4);
    for (std::size_t i = 0; i < all.size(); ++i) {
      spawn(loop.get_executor(),
            keep_value(git.push_note(url, "refs/notes/quietgate", first, "line " + std::to_string(i), stop), all[i]),
            [](std::exception_ptr) {});
    }
    loop.restart();
    loop.run();
    const auto text = servers.git(name, {"notes", "--ref", "quietgate", "show", first});
    for (std::size_t i = 0; i < all.size(); ++i) {
      ASSERT_TRUE(all[i] && all[i]->ok()) << (all[i] ? (*all[i]).error().message : "");
      EXPECT_THAT(text, HasSubstr("line " + std::to_string(i)));
    }
  }
}

TEST_F(GitNotes, AServerThatRefusesThemIsToldInItsWords) {
  const auto base = servers.http();
  if (base.empty()) GTEST_SKIP() << servers.missing();
  servers.make_repository("hello");
  const auto first = servers.commit("hello", "main", {{"a", "1"}});
  servers.hook("hello", "update", "case $1 in refs/notes/*) echo 'no notes here' >&2; exit 1;; esac\n");
  ASSERT_TRUE(fetch(remote(base), {"main"}).ok());
  auto outcome = run_task(loop, git.push_note(remote(base), "refs/notes/quietgate", first, "one", stop));
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(outcome->kind, NoteOutcome::Kind::refused);
  EXPECT_THAT(outcome->detail, HasSubstr("no notes here"));
  EXPECT_FALSE(run_task(loop, git.push_note(remote(base), "refs/notes/quietgate", first, "two\nlines", stop)).ok());
}

}  // namespace
}  // namespace quietgate
