#include "runner/api/asked.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

Asked asked_for(const std::string& target, const std::string& last_event_id = {}) {
  Asked asked;
  asked.target = *parse_target(target);
  asked.request.last_event_id = last_event_id;
  return asked;
}

TEST(Asked, ANumberIsWholeAndInItsRange) {
  bool bad = false;
  EXPECT_EQ(asked_for("/x?limit=500").number("limit", 1, 500, bad), 500);
  EXPECT_EQ(asked_for("/x").number("limit", 1, 500, bad), std::nullopt);
  EXPECT_FALSE(bad);
  for (const char* text : {"0", "501", "x", "7x", "", "99999999999999999999", "-1"}) {
    bad = false;
    EXPECT_EQ(asked_for("/x?limit=" + std::string(text)).number("limit", 1, 500, bad), std::nullopt) << text;
    EXPECT_TRUE(bad) << text;
  }
}

TEST(Asked, AStreamGoesOnAfterTheLastEventThatArrived) {
  bool bad = false;
  EXPECT_EQ(asked_for("/x?after=3").resumed("after", bad), 3);
  EXPECT_EQ(asked_for("/x?after=3", "9").resumed("after", bad), 9);
  EXPECT_EQ(asked_for("/x").resumed("after", bad), std::nullopt);
  EXPECT_FALSE(bad);
  asked_for("/x", "nine").resumed("after", bad);
  EXPECT_TRUE(bad);
}

}  // namespace
}  // namespace quietgate
