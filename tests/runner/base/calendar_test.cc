#include "runner/base/calendar.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(Calendar, ReadsTimes) {
  EXPECT_DOUBLE_EQ(*parse_rfc3339("1970-01-01T00:00:01Z"), 1);
  EXPECT_DOUBLE_EQ(*parse_rfc3339("1970-01-01T01:00:01.5+01:00"), 1.5);
  EXPECT_DOUBLE_EQ(*parse_rfc3339("2026-01-01T00:00:00-00:30"), 1767225600 + 1800);
  EXPECT_NEAR(*parse_rfc3339("2026-02-03T05:05:06.789012345+01:00"), 1'770'091'506.789, 0.0005);
  EXPECT_DOUBLE_EQ(*parse_rfc3339("2026-2-3T4:5:06Z"), *parse_rfc3339("2026-02-03T04:05:06Z"));
  EXPECT_DOUBLE_EQ(*parse_rfc3339("2024-02-29T00:00:60Z"), *parse_rfc3339("2024-02-29T00:01:00Z"));
  EXPECT_LT(*parse_rfc3339("0001-01-01T00:00:00Z"), 0);
}

TEST(Calendar, RefusesWhatIsNoTime) {
  for (const auto* text : {"",
                           "yesterday",
                           "2026-02-03",
                           "2026-13-01T00:00:00Z",
                           "2026-02-30T00:00:00Z",
                           "2026-01-01T00:00:00",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:61Z",
                           "2026-01-01T00:00:-0Z",
                           "2026-01-01T00:00:nanZ",
                           "2026-01-01T00:00:infZ",
                           "2026-01-01T00:00:Z",
                           "2026-01-01T00:00:00+",
                           "2026-01-01T00:00:00+1",
                           "2026-01-01T00:00:00+01:0x",
                           "2026-01-01T00:00:00Zx",
                           "+2026-01-01T00:00:00Z",
                           "12026-01-01T00:00:00Z",
                           "2026-01--1T00:00:00Z",
                           " 2026-01-01T00:00:00Z",
                           "2026-01-01 00:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace quietgate
