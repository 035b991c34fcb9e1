#include "runner/adapters/git/git_network.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runner/adapters/git/git_handles.h"
#include "runner/adapters/git/git_url.h"

namespace quietgate {
namespace {

using Broken = NetworkBound::Broken;

class NetworkBoundTest : public ::testing::Test {
 protected:
  NetworkBoundTest() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0); }
  ~NetworkBoundTest() override {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  int ends[2] = {-1, -1};
  std::atomic<bool> stop{false};
};

TEST_F(NetworkBoundTest, SilenceEndsTheWaitBeforeTheDeadline) {
  NetworkBound bound(Milliseconds(60'000), Milliseconds(30), 100, stop);
  EXPECT_FALSE(bound.wait(ends[0], POLLIN, bound.idle(), Broken::idle));
  EXPECT_EQ(bound.broken(), Broken::idle);
}

TEST_F(NetworkBoundTest, TheDeadlineEndsTheWaitBeforePatience) {
  NetworkBound bound(Milliseconds(30), Milliseconds(60'000), 100, stop);
  EXPECT_FALSE(bound.wait(ends[0], POLLIN, bound.idle(), Broken::idle));
  EXPECT_EQ(bound.broken(), Broken::deadline);
}

TEST_F(NetworkBoundTest, DataEndsTheWait) {
  NetworkBound bound(Milliseconds(60'000), Milliseconds(60'000), 100, stop);
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  EXPECT_TRUE(bound.wait(ends[0], POLLIN, bound.idle(), Broken::idle));
  EXPECT_EQ(bound.broken(), Broken::none);
}

TEST_F(NetworkBoundTest, TheFirstReasonCounts) {
  NetworkBound bound(Milliseconds(60'000), Milliseconds(60'000), 100, stop);
  EXPECT_TRUE(bound.receive(100));
  EXPECT_FALSE(bound.receive(1));
  stop = true;
  EXPECT_TRUE(bound.over());
  EXPECT_EQ(bound.broken(), Broken::size);
}

// ssh: libssh2 has the socket, so only the kernel knows of its silence.
class WatchedTcp : public ::testing::Test {
 protected:
  WatchedTcp() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof place;
    auto* address = reinterpret_cast<sockaddr*>(&place);
    EXPECT_EQ(::bind(listener, address, size), 0);
    EXPECT_EQ(::listen(listener, 1), 0);
    EXPECT_EQ(::getsockname(listener, address, &size), 0);
    client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(client, address, size), 0);
    server = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    ::close(listener);
  }
  ~WatchedTcp() override {
    ::close(client);
    ::close(server);
  }
  int client = -1;
  int server = -1;
  std::atomic<bool> stop{false};
};

TEST_F(WatchedTcp, SilenceShutsTheSocketDownLongBeforeTheDeadline) {
  NetworkBound bound(Milliseconds(20'000), Milliseconds(200), 100, stop);
  bound.watch(client);
  const SocketWatchdog watchdog(bound);
  char byte = 0;
  EXPECT_EQ(::read(client, &byte, 1), 0);
  EXPECT_EQ(bound.broken(), Broken::idle);
}

TEST_F(WatchedTcp, TooMuchDataShutsTheSocketDown) {
  NetworkBound bound(Milliseconds(20'000), Milliseconds(20'000), 100, stop);
  const std::string flood(10'000, 'x');
  ASSERT_EQ(::write(server, flood.data(), flood.size()), static_cast<ssize_t>(flood.size()));
  bound.watch(client);
  const SocketWatchdog watchdog(bound);
  char bytes[4096];
  while (::read(client, bytes, sizeof bytes) > 0) {
  }
  EXPECT_EQ(bound.broken(), Broken::size);
}

TEST_F(NetworkBoundTest, TheWatchdogShutsTheSocketDown) {
  NetworkBound bound(Milliseconds(30), Milliseconds(60'000), 100, stop);
  bound.watch(ends[0]);
  const SocketWatchdog watchdog(bound);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);  // blocks until then
  EXPECT_EQ(bound.broken(), Broken::deadline);
}

TEST(GitUrlTest, ShowsNoSecrets) {
  auto shown = [](const std::string& url) { return parse_git_url(url)->shown; };
  EXPECT_EQ(shown("https://ana:secret@example.org/a.git?token=secret"), "https://example.org/a.git");
  EXPECT_EQ(shown("http://example.org:8080/a.git"), "http://example.org:8080/a.git");
  EXPECT_EQ(shown("git@example.org:team/a.git"), "example.org:team/a.git");
  EXPECT_EQ(shown("ssh://git:secret@[::1]:22/a.git"), "ssh://[::1]:22/a.git");
  EXPECT_EQ(shown("/srv/git/a:b.git"), "/srv/git/a:b.git");
}

TEST(GitUrlTest, TellsTheParts) {
  auto scp = parse_git_url("git@example.org:team/a.git");
  EXPECT_EQ(scp->kind, GitUrl::Kind::ssh);
  EXPECT_EQ(scp->user, "git");
  EXPECT_EQ(scp->host, "example.org");
  EXPECT_EQ(scp->port, 22);
  EXPECT_EQ(parse_git_url("file:///srv/a%20b.git")->path, "/srv/a b.git");
  EXPECT_EQ(parse_git_url("ssh://h:2222/a")->port, 2222);
  EXPECT_TRUE(parse_git_url("https://a:b@h/c")->has_password);
  for (const char* bad : {"", "ftp://h/a", "http:///a", "https://h", "https://h/"}) {
    EXPECT_FALSE(parse_git_url(bad).ok()) << bad;
  }
}

TEST(PrintableTest, MakesBytesFitForJsonAndTerminals) {
  EXPECT_EQ(printable("caf\xC3\xA9", 100), "caf\xC3\xA9");
  EXPECT_EQ(printable("a\xFF"
                      "b\x1B[31m\n",
                      100),
            "a\xEF\xBF\xBD"
            "b [31m");
  EXPECT_EQ(printable("a\nb\n", 100, true), "a\nb");
  EXPECT_EQ(printable("\xED\xA0\x80", 100), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
  EXPECT_EQ(printable("\xC0\xAF", 100), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // overlong
  EXPECT_EQ(printable(std::string(50, 'x'), 10), "xxxxxxxxxx...");
}

}  // namespace
}  // namespace quietgate
