#include "runner/api/server/waiting_connections.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quietgate {
namespace {

struct Place {
  WaitingConnections waiting;
  std::vector<std::string> closed;
  std::string busy;  // whose request has come
  WaitingConnections::Seat enter(const std::string& address, const std::string& name) {
    return waiting.enter(address, [this, name] {
      if (name == busy) return false;
      closed.push_back(name);
      return true;
    });
  }
};

TEST(WaitingConnections, ClosesTheOneThatHasWaitedLongest) {
  Place place;
  EXPECT_FALSE(place.waiting.close_longest());
  auto a = place.enter("1", "a");
  auto b = place.enter("2", "b");
  auto c = place.enter("1", "c");
  EXPECT_EQ(place.waiting.waiting_from("1"), 2U);
  EXPECT_TRUE(place.waiting.close_longest_of("2"));
  EXPECT_TRUE(place.waiting.close_longest());
  EXPECT_EQ(place.closed, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(place.waiting.waiting(), 1U);
  place.waiting.leave(a);
  place.waiting.leave(b);
  EXPECT_EQ(place.waiting.waiting_from("2"), 0U);
  place.waiting.leave(c);
  EXPECT_EQ(place.waiting.waiting(), 0U);
  EXPECT_FALSE(place.waiting.close_longest_of("1"));
}

TEST(WaitingConnections, PassesOverWhoseRequestHasCome) {
  Place place;
  auto a = place.enter("1", "a");
  auto b = place.enter("1", "b");
  place.busy = "a";
  EXPECT_TRUE(place.waiting.close_longest_of("1"));
  EXPECT_FALSE(place.waiting.close_longest_of("1"));
  EXPECT_FALSE(place.waiting.close_longest());
  EXPECT_EQ(place.closed, (std::vector<std::string>{"b"}));
  place.waiting.leave(b);
  place.waiting.leave(a);
}

TEST(WaitingConnections, OneClientIsAnAddressOrHalfOfIt) {
  EXPECT_EQ(client_of("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(client_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2");
  EXPECT_EQ(client_of("2001:db8:1:2::1"), "2001:db8:1:2");
  EXPECT_EQ(client_of("2001:db8::1"), "2001:db8");
  EXPECT_EQ(client_of("::1"), "");
  EXPECT_EQ(client_of("::ffff:10.0.0.1"), "::ffff:10.0.0.1");
}

}  // namespace
}  // namespace quietgate
