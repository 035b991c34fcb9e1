#include "stages/prometheus/prometheus_times.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(PrometheusTimes, RefusesBrokenTimesAndDurations) {
  for (const auto* text : {"", "2026-02-03", "2026-13-03T04:05:06Z", "2026-02-30T04:05:06Z", "2026-02-03T04:05:06",
                           "2026-02-03T04:05:06Zx", "2026-02-03T04:05:61Z", "2026-02-03T04:05:nanZ",
                           "2026-02-03T04:05:infZ", "2026-02-03T04:05:06+1"}) {
    EXPECT_FALSE(read_time(text).ok()) << text;
  }
  EXPECT_EQ(read_duration("0").value(), 0);
  for (const auto* text : {"", "5", "s", "5x", "5s5", "-5s"}) EXPECT_FALSE(read_duration(text).ok()) << text;
}

}  // namespace
}  // namespace quietgate
