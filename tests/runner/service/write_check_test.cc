#include "runner/service/write_check.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(WriteCheck, TriesAtMostOncePerSpan) {
  int tries = 0;
  bool full = false;
  WriteCheck check(
      [&]() -> Result<void> {
        ++tries;
        if (full) return infrastructure_error("the journal can't be written: disk full", "free space");
        return {};
      },
      Milliseconds(5'000));
  const WriteCheck::Clock::time_point begin;
  EXPECT_EQ(check.why_not(begin), "");
  full = true;
  for (int ms : {1, 2'000, 4'999}) EXPECT_EQ(check.why_not(begin + Milliseconds(ms)), "");
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(check.why_not(begin + Milliseconds(5'000)), "the journal can't be written: disk full (free space)");
  full = false;
  EXPECT_NE(check.why_not(begin + Milliseconds(9'000)), "");
  EXPECT_EQ(check.why_not(begin + Milliseconds(10'000)), "");
  EXPECT_EQ(tries, 3);
  check.written(begin + Milliseconds(15'000));
  EXPECT_EQ(check.why_not(begin + Milliseconds(19'999)), "");
  EXPECT_EQ(tries, 3);
}

}  // namespace
}  // namespace quietgate
