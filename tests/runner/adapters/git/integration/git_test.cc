// The Git adapter against real servers: schemes, credentials, pushes, time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/support/git_fixture.h"

namespace quietgate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Kind = PushOutcome::Kind;

using Place = std::string (GitServers::*)();
struct Scheme {
  const char* name;
  Place base;
};
void PrintTo(const Scheme& scheme, std::ostream* out) {
  *out << scheme.name;
}

class EveryScheme : public GitTest, public ::testing::WithParamInterface<Scheme> {
 protected:
  void SetUp() override {
    base = std::string(GetParam().name) == "file" ? servers.file() : (servers.*GetParam().base)();
    if (base.empty()) GTEST_SKIP() << servers.missing();
    servers.make_repository("hello");
  }
  std::string base;
};

TEST_P(EveryScheme, WatchesFetchesReadsAndPushes) {
  const auto first = servers.commit("hello", "main", {{"a.txt", "one\n"}, {"docs/b.txt", "b"}});
  servers.git("hello", {"tag", "-m", "a tag", "v1", first});
  const auto url = remote(base);

  auto found = branches(url);
  ASSERT_TRUE(found.ok()) << found.error().message;
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->at(0).name, "main");
  EXPECT_EQ(found->at(0).commit, first);

  const auto second = servers.commit("hello", "main", {{"a.txt", "two\n"}, {"c.txt", "c"}}, {"main"});
  auto fetched = fetch(url, {"main"});
  ASSERT_TRUE(fetched.ok()) << fetched.error().message;
  auto text = run_task(loop, git.read_file("hello", second, "a.txt", 100, stop));
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_EQ(*text, "two\n");
  auto changed = run_task(loop, git.changed_paths("hello", first, second, stop));
  ASSERT_TRUE(changed.ok());
  EXPECT_THAT(*changed, ElementsAre("a.txt", "c.txt", "docs/b.txt"));

  auto made = push(url, "production", "", first);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->kind, Kind::moved) << made->detail;
  EXPECT_EQ(servers.tip("hello", "production"), first);
  auto moved = push(url, "production", first, second);
  ASSERT_TRUE(moved.ok()) << moved.error().message;
  EXPECT_EQ(moved->kind, Kind::moved) << moved->detail;
  EXPECT_EQ(moved->remote, first);
  EXPECT_EQ(servers.tip("hello", "production"), second);

  EXPECT_EQ(push(url, "production", first, second)->kind, Kind::unchanged);
  auto stale = push(url, "production", "", first);
  ASSERT_TRUE(stale.ok());
  EXPECT_EQ(stale->kind, Kind::stale);
  EXPECT_EQ(stale->remote, second);
  auto back = push(url, "production", second, first);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->kind, Kind::refused) << "fast-forward only";
  EXPECT_EQ(servers.tip("hello", "production"), second);
  // Nothing of ours stays behind, there or here.
  EXPECT_THAT(servers.git("hello", {"for-each-ref", "refs/quietgate"}), IsEmpty());
  EXPECT_THAT(
      run_program({"git", "-C", servers.folder().path("mirrors/hello.git"), "for-each-ref", "--format=%(refname)"},
                  servers.folder().path())
          .out,
      "refs/quietgate/heads/main");
}

TEST_P(EveryScheme, FollowsForcedAndDeletedBranches) {
  const auto first = servers.commit("hello", "topic", {{"a", "1"}});
  const auto url = remote(base);
  ASSERT_TRUE(fetch(url, {"topic"}).ok());
  const auto forced = servers.commit("hello", "topic", {{"a", "2"}});
  servers.commit("hello", "other", {{"a", "3"}});
  auto again = fetch(url, {"topic", "never-was"});
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(run_task(loop, git.commit("hello", forced, stop)).ok());
  EXPECT_TRUE(run_task(loop, git.commit("hello", first, stop)).ok()) << "nothing is pruned";
  servers.git("hello", {"update-ref", "-d", "refs/heads/topic"});
  const auto nested = servers.commit("hello", "topic/sub", {{"a", "4"}});
  ASSERT_TRUE(fetch(url, {"topic", "topic/sub"}).ok());
  EXPECT_TRUE(run_task(loop, git.commit("hello", nested, stop)).ok());
  auto now = branches(url);
  ASSERT_TRUE(now.ok());
  EXPECT_EQ(now->size(), 2U);
}

TEST_P(EveryScheme, SaysWhenThereIsNoSuchRepository) {
  auto found = branches(remote(base, "absent"));
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.error().message, HasSubstr("absent.git"));
  EXPECT_FALSE(found.error().advice.empty());
}

INSTANTIATE_TEST_SUITE_P(Git, EveryScheme,
                         ::testing::Values(Scheme{"file", nullptr}, Scheme{"http", &GitServers::http},
                                           Scheme{"https", &GitServers::https}, Scheme{"git", &GitServers::daemon},
                                           Scheme{"ssh", &GitServers::ssh}),
                         [](const auto& given) { return std::string(given.param.name); });

// Passwords, certificates, host keys.

TEST_F(GitTest, PasswordsAreGivenWantedAndRefused) {
  const auto base = servers.http_with_password();
  if (base.empty()) GTEST_SKIP() << servers.missing();
  servers.make_repository("hello");
  const auto first = servers.commit("hello", "main", {{"a", "1"}});
  auto url = remote(base);
  auto without = branches(url);
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().kind, ErrorKind::user);
  EXPECT_THAT(without.error().message, HasSubstr("asks for credentials and none are configured"));

  url.credentials.username = "ana";
  url.credentials.password = "wrong-horse";
  auto wrong = branches(url);
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message, HasSubstr("refused the configured credentials"));
  EXPECT_THAT(wrong.error().message + wrong.error().advice, Not(HasSubstr("wrong-horse")));

  url.credentials.password = "correct-horse";
  auto good = branches(url);
  ASSERT_TRUE(good.ok()) << good.error().message;
  ASSERT_TRUE(fetch(url, {"main"}).ok());
  EXPECT_EQ(push(url, "production", "", first)->kind, Kind::moved);

  auto in_url = remote(base);
  in_url.url.insert(7, "ana:wrong-horse@");
  auto shown = branches(in_url);
  ASSERT_FALSE(shown.ok());
  EXPECT_THAT(shown.error().message, HasSubstr("refused"));
  EXPECT_THAT(shown.error().message, Not(HasSubstr("horse")));
}

TEST_F(GitTest, CertificatesAreChecked) {
  const auto base = servers.https();
  if (base.empty()) GTEST_SKIP() << servers.missing();
  servers.make_repository("hello");
  servers.commit("hello", "main", {{"a", "1"}});
  auto url = remote(base);
  EXPECT_TRUE(branches(url).ok());
  url.credentials.ca_file.clear();
  auto unknown = branches(url);
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().message, HasSubstr("is not trusted"));
  EXPECT_THAT(unknown.error().advice, HasSubstr("ca_file"));
  url.credentials.ca_file = servers.folder().write("not.pem", "nonsense");
  auto broken = branches(url);
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(broken.error().message, HasSubstr("cannot read certificate authorities"));
  auto again = branches(remote(base));
  EXPECT_TRUE(again.ok()) << again.error().message;
}

TEST_F(GitTest, HostKeysAreChecked) {
  const auto base = servers.ssh();
  if (base.empty()) GTEST_SKIP() << servers.missing();
  servers.make_repository("hello");
  auto url = remote(base);
  EXPECT_TRUE(branches(url).ok());
  url.credentials.known_hosts = servers.folder().write("empty_hosts", "");
  auto unknown = branches(url);
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().message, HasSubstr("the host key"));
  EXPECT_THAT(unknown.error().advice, HasSubstr("ssh-keyscan -p " + std::to_string(servers.ssh_port())));
  url.credentials.known_hosts =
      servers.folder().write("other_hosts", "[127.0.0.1]:" + std::to_string(servers.ssh_port()) + " " +
                                                text_of(servers.folder().path("id.pub")));
  auto different = branches(url);
  ASSERT_FALSE(different.ok());
  EXPECT_THAT(different.error().message, HasSubstr("is not the key that"));
  // A key of another type says nothing about this one.
  run_program({"ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", servers.folder().path("ecdsa")},
              servers.folder().path());
  url.credentials.known_hosts =
      servers.folder().write("ecdsa_hosts", "[127.0.0.1]:" + std::to_string(servers.ssh_port()) + " " +
                                                text_of(servers.folder().path("ecdsa.pub")));
  auto other_type = branches(url);
  ASSERT_FALSE(other_type.ok());
  EXPECT_THAT(other_type.error().message, HasSubstr("(ssh-ed25519) is not in"));
  url.credentials.known_hosts = servers.folder().path("no-such-file");
  auto unreadable = branches(url);
  ASSERT_FALSE(unreadable.ok());
  EXPECT_THAT(unreadable.error().message, HasSubstr("cannot read"));

  // OpenSSH hashes names by default on Debian.
  const auto hashed = servers.folder().write("hashed_hosts", text_of(servers.known_hosts()));
  run_program({"ssh-keygen", "-q", "-H", "-f", hashed}, servers.folder().path());
  ASSERT_THAT(text_of(hashed), HasSubstr("|1|"));
  url.credentials.known_hosts = hashed;
  auto known = branches(url);
  EXPECT_TRUE(known.ok()) << known.error().message;
}

TEST_F(GitTest, SshKeysAreGivenWantedAndRefused) {
  const auto base = servers.ssh();
  if (base.empty()) GTEST_SKIP() << servers.missing();
  servers.make_repository("hello");
  auto url = remote(base);
  url.credentials.ssh_key.clear();
  auto wanted = branches(url);
  ASSERT_FALSE(wanted.ok());
  EXPECT_THAT(wanted.error().message, HasSubstr("asks for credentials and none are configured"));
  url.credentials.ssh_key = servers.folder().path("host");  // a key, but not one that is let in
  auto refused = branches(url);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("refused the configured credentials"));
  url.credentials.ssh_key = servers.folder().path("no-such-key");
  auto absent = branches(url);
  ASSERT_FALSE(absent.ok());
  EXPECT_THAT(absent.error().message, HasSubstr("cannot read the private key"));
}

// Pushes that must not happen.

TEST_F(GitTest, HooksRefuseInTheirOwnWords) {
  const auto base = servers.http();
  if (base.empty()) GTEST_SKIP() << servers.missing();
  servers.make_repository("hello");
  const auto first = servers.commit("hello", "main", {{"a", "1"}});
  servers.hook("hello", "pre-receive", "echo 'only on Tuesdays' >&2; exit 1\n");
  ASSERT_TRUE(fetch(remote(base), {"main"}).ok());
  auto refused = push(remote(base), "production", "", first);
  ASSERT_TRUE(refused.ok()) << refused.error().message;
  EXPECT_EQ(refused->kind, Kind::refused);
  EXPECT_THAT(refused->detail, HasSubstr("only on Tuesdays"));
  EXPECT_EQ(refused->remote, "");
}

TEST_F(GitTest, AServerThatTakesNoPushesSaysSo) {
  const auto base = servers.http();
  if (base.empty()) GTEST_SKIP() << servers.missing();
  servers.make_repository("hello");
  const auto first = servers.commit("hello", "main", {{"a", "1"}});
  servers.git("hello", {"config", "http.receivepack", "false"});
  ASSERT_TRUE(fetch(remote(base), {"main"}).ok());
  auto outcome = push(remote(base), "production", "", first);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind, ErrorKind::user);
  EXPECT_THAT(outcome.error().message, HasSubstr("HTTP 403"));
}

TEST_F(GitTest, OfTwoPushesInTheSameMomentExactlyOneMoves) {
  for (const auto& base : {servers.http(), servers.daemon(), servers.file()}) {
    if (base.empty()) GTEST_SKIP() << servers.missing();
    const std::string name = "race-" + std::to_string(base.size());
    servers.make_repository(name);
    const auto first = servers.commit(name, "main", {{"a", "1"}});
    const auto left = servers.commit(name, "left", {{"a", "2"}}, {"main"});
    const auto right = servers.commit(name, "right", {{"a", "3"}}, {"main"});
    // Each waits in the hook for the other: both have read the same old value.
    servers.hook(name, "pre-receive",
                 "touch \"$GIT_DIR/in.$$\"; n=0\n"
                 "while [ $(ls \"$GIT_DIR\" | grep -c '^in[.]') -lt 2 ] && [ $n -lt 500 ]; do n=$((n+1)); sleep 0.02; "
                 "done\n");
    const auto url = remote(base, name);
    ASSERT_TRUE(fetch(url, {"main", "left", "right"}).ok());
    std::optional<Result<PushOutcome>> one;
    std::optional<Result<PushOutcome>> two;
    std::exception_ptr thrown;
    auto done = [&thrown](std::exception_ptr error) { thrown = thrown ? thrown : error; };
    spawn(loop.get_executor(), keep_value(git.push(url, "main", first, left, stop), one), done);
    spawn(loop.get_executor(), keep_value(git.push(url, "main", first, right, stop), two), done);
    loop.restart();
    loop.run();
    ASSERT_TRUE(one && two && one->ok() && two->ok());
    const bool left_won = (*one)->kind == Kind::moved;
    const auto& winner = left_won ? **one : **two;
    const auto& loser = left_won ? **two : **one;
    EXPECT_EQ(winner.kind, Kind::moved) << base << winner.detail;
    EXPECT_EQ(loser.kind, Kind::stale) << base << loser.detail;
    EXPECT_EQ(loser.remote, left_won ? left : right);
    EXPECT_EQ(servers.tip(name, "main"), left_won ? left : right);
  }
}

TEST_F(GitTest, ALockThatStaysInARemoteThatIsAPathIsOurErrorAndNamed) {
  servers.make_repository("hello");
  const auto first = servers.commit("hello", "main", {{"a", "1"}});
  auto there = remote(servers.file());
  there.deadline = Milliseconds(500);
  ASSERT_TRUE(fetch(there, {"main"}).ok());
  const auto lock = servers.folder().path("srv/hello.git") + "/refs/heads/production.lock";
  std::ofstream(lock) << "";
  auto outcome = push(there, "production", "", first);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().kind, ErrorKind::infrastructure);
  EXPECT_THAT(outcome.error().message, HasSubstr("/refs/heads/production.lock stays"));
  std::filesystem::remove(lock);
  outcome = push(there, "production", "", first);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(outcome->kind, Kind::moved);
}

TEST_F(GitTest, PushingToAPathWithFilesIsRefused) {
  servers.make_repository("hello");
  const auto first = servers.commit("hello", "main", {{"a", "1"}});
  ASSERT_TRUE(fetch(remote(servers.file()), {"main"}).ok());
  const auto work = servers.folder().path("work");
  run_program({"git", "clone", "-q", servers.folder().path("srv/hello.git"), work}, servers.folder().path());
  GitRemote there{"hello", work, {}};
  auto outcome = push(there, "production", "", first);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(outcome->kind, Kind::refused);
  EXPECT_THAT(outcome->detail, HasSubstr("not a bare repository"));
}

// Time.

class Hostile : public GitTest, public ::testing::WithParamInterface<const char*> {
 protected:
  GitRemote at(const HostileServer& server) {
    GitRemote remote{
        "hello", std::string(GetParam()) + "127.0.0.1:" + std::to_string(server.port()) + "/hello.git", {}};
    remote.credentials.known_hosts = "/dev/null";
    remote.deadline = Milliseconds(600);
    return remote;
  }
  std::chrono::duration<double> timed(const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::steady_clock::now() - begin;
  }
};

TEST_P(Hostile, AMuteServerIsGivenUp) {
  HostileServer server("", "");
  std::string message;
  const auto took = timed([&] { message = branches(at(server)).error().message; });
  EXPECT_THAT(message, HasSubstr("did not finish within 600ms"));
  EXPECT_LT(took.count(), 20);
}

TEST_P(Hostile, AServerThatDripsIsGivenUp) {
  const std::string scheme = GetParam();
  std::string greeting = "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n";
  std::string drip = "X-Filler: yes\r\n";
  if (scheme.starts_with("git")) {
    greeting = "ffff";
    drip = "x";
  } else if (scheme.starts_with("https")) {
    greeting = std::string("\x16\x03\x03\x3f\x00\x02\x00\x3e\xfc", 9);
    drip = "x";
  } else if (scheme.starts_with("ssh")) {
    greeting = "SSH-2.0-slow\r\n";
    drip = std::string("\0\0\x7f\x00\x04", 5);
  }
  HostileServer server(greeting, drip);
  std::string message;
  const auto took = timed([&] { message = branches(at(server)).error().message; });
  EXPECT_THAT(message, HasSubstr("did not finish within 600ms"));
  EXPECT_LT(took.count(), 20);
}

TEST_P(Hostile, AServerThatTalksNonsenseIsAnError) {
  HostileServer server("HTTP/1.0 200 OK\r\n\r\n<html>\x01\xff hello\r\n\r\n", "", true);
  auto found = branches(at(server));
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.error().message, HasSubstr("127.0.0.1"));
}

TEST_P(Hostile, AStopEndsTheCallAtOnce) {
  HostileServer server("", "");
  auto slow = at(server);
  slow.deadline = Milliseconds(60'000);
  std::exception_ptr thrown;
  std::optional<Result<std::vector<GitBranch>>> answer;
  spawn(loop.get_executor(), keep_value(git.branches(slow, stop), answer), [&](std::exception_ptr e) { thrown = e; });
  loop.restart();
  loop.run_for(std::chrono::milliseconds(100));
  const auto took = timed([&] {
    stop.request(StopReason::cancel, "cancelled by ana");
    loop.run();
  });
  EXPECT_THROW(std::rethrow_exception(thrown), Stopped);
  EXPECT_LT(took.count(), 20);
  // The destructor of the pool shows that the thread, too, came back.
}

INSTANTIATE_TEST_SUITE_P(Git, Hostile, ::testing::Values("http://", "https://", "git://", "ssh://"),
                         [](const auto& given) {
                           const std::string scheme = given.param;
                           return scheme.substr(0, scheme.find(':'));
                         });

TEST_F(GitTest, UnreachableHostsAreErrorsThatSaySo) {
  const auto port = std::to_string(free_port());
  auto closed = branches(GitRemote{"hello", "http://127.0.0.1:" + port + "/hello.git", {}});
  ASSERT_FALSE(closed.ok());
  EXPECT_THAT(closed.error().message, HasSubstr("cannot connect to http://127.0.0.1:" + port));
  auto nowhere = branches(GitRemote{"hello", "http://ana:secret-word@nowhere.invalid/hello.git", {}});
  ASSERT_FALSE(nowhere.ok());
  EXPECT_THAT(nowhere.error().message, HasSubstr("cannot find the host of http://nowhere.invalid/hello.git"));
  EXPECT_THAT(nowhere.error().message, Not(HasSubstr("secret")));
  EXPECT_FALSE(branches(GitRemote{"hello", "gopher://host/x", {}}).ok());
  EXPECT_FALSE(branches(GitRemote{"../hello", servers.file(), {}}).ok());
}

TEST_F(GitTest, RedirectsToAnotherServerAreRefused) {
  const auto base = servers.http();
  if (base.empty()) GTEST_SKIP() << servers.missing();
  servers.make_repository("hello");
  HostileServer moved("HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: " + base +
                          "hello.git/info/refs?service=git-upload-pack\r\n\r\n",
                      "", true);
  auto found = branches(remote("http://127.0.0.1:" + std::to_string(moved.port()) + "/"));
  ASSERT_FALSE(found.ok()) << "same host, another port";
  EXPECT_EQ(found.error().kind, ErrorKind::user);
  EXPECT_THAT(found.error().message, HasSubstr("redirects to 127.0.0.1:"));
  servers.commit("hello", "main", {{"a", "1"}});
  auto renamed = remote(base, "renamed");
  auto followed = branches(renamed);
  ASSERT_TRUE(followed.ok()) << "same server: " << followed.error().message;
  EXPECT_EQ(followed->size(), 1U);
}

TEST_F(GitTest, CallsWithDifferentAuthoritiesTakeTurns) {
  const auto base = servers.https();
  if (base.empty()) GTEST_SKIP() << servers.missing();
  servers.make_repository("hello");
  servers.commit("hello", "main", {{"a", "1"}});
  std::vector<std::optional<Result<std::vector<GitBranch>>>> answers(12);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto url = remote(base);
    if (i % 2 == 1) url.credentials.ca_file.clear();
    spawn(loop.get_executor(), keep_value(git.branches(url, stop), answers[i]), [](std::exception_ptr) {});
  }
  loop.restart();
  loop.run();
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i]->ok(), i % 2 == 0) << i;
}

TEST_F(GitTest, TooManyRefsAreAnError) {
  const auto path = servers.make_repository("hello");
  const auto id = servers.commit("hello", "main", {{"a", "1"}});
  std::string packed = "# pack-refs with: peeled fully-peeled sorted \n";
  for (int i = 100'000; i <= 150'000; ++i) packed += id + " refs/heads/b" + std::to_string(i) + "\n";
  servers.folder().write("srv/hello.git/packed-refs", packed);
  auto many = branches(remote(servers.file()));
  ASSERT_FALSE(many.ok());
  EXPECT_EQ(many.error().kind, ErrorKind::user);
  EXPECT_THAT(many.error().message, HasSubstr("more than 50000"));
}

TEST_F(GitTest, AnUnchangedPollIsCheap) {
  const auto base = servers.http();
  if (base.empty()) GTEST_SKIP() << servers.missing();
  servers.make_repository("hello");
  servers.commit("hello", "main", {{"a", "1"}});
  constexpr int polls = 100;
  rusage before{};
  rusage after{};
  ::getrusage(RUSAGE_SELF, &before);
  for (int i = 0; i < polls; ++i) ASSERT_TRUE(branches(remote(base)).ok());
  ::getrusage(RUSAGE_SELF, &after);
  auto ms = [](const timeval& time) { return time.tv_sec * 1e3 + time.tv_usec / 1e3; };
  const double each = (ms(after.ru_utime) + ms(after.ru_stime) - ms(before.ru_utime) - ms(before.ru_stime)) / polls;
  RecordProperty("cpu_ms_per_poll", std::to_string(each));
  std::printf("CPU of an unchanged poll: %.3f ms\n", each);
  EXPECT_LT(each, 5) << "ten times what was measured";
}

}  // namespace
}  // namespace quietgate
