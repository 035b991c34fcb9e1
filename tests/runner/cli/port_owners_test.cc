#include "runner/cli/port_owners.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runner/base/descriptor.h"

namespace quietgate {
namespace {

constexpr const char* table =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:208A 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0\n"
    "   1: 0100007F:208A 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1001        0 2 1 0 100 0 0 10 0\n"
    "   2: 00000000:208A 00000000:0000 0A 00000000:00000000 00:00000000 00000000     7        0 3 1 0 100 0 0 10 0\n"
    "   3: cut off\n";

TEST(PortOwners, AreThoseThatListen) {
  EXPECT_EQ(port_owners_in(table, 8330), (std::set<uid_t>{7, 1000}));
  EXPECT_EQ(port_owners_in(table, 8331), std::set<uid_t>{});
  EXPECT_EQ(port_owners_in("", 8330), std::set<uid_t>{});
}

TEST(PortOwners, OfASocketOfOurs) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  ASSERT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  EXPECT_EQ(port_owners(ntohs(address.sin_port)), std::set<uid_t>{::getuid()});
}

TEST(PortOwners, AreAskedForOfThisMachineOnly) {
  EXPECT_EQ(loopback_port("http://127.0.0.1:8330"), 8330);
  EXPECT_EQ(loopback_port("http://localhost:8330/"), 8330);
  EXPECT_EQ(loopback_port("http://[::1]:8330"), 8330);
  EXPECT_EQ(loopback_port("http://localhost"), 80);
  EXPECT_EQ(loopback_port("http://example.org:8330"), 0);
  EXPECT_EQ(loopback_port("https://127.0.0.1:8330"), 0);
  EXPECT_EQ(loopback_port("http://127.0.0.1:8330@example.org"), 0);
  EXPECT_EQ(loopback_port("http://127.0.0.1:99999"), 0);
}

}  // namespace
}  // namespace quietgate
