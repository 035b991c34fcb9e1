#include "runner/adapters/memory/memory_watchdog_deliveries.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(MemoryWatchdogDeliveries, KeepTheLastOfEachReceiverAndAreBounded) {
  MemoryWatchdogDeliveries deliveries;
  EXPECT_FALSE(deliveries.last("a"));
  EXPECT_TRUE(deliveries.keep("a", Time{Milliseconds{1}}));
  EXPECT_TRUE(deliveries.keep("a", Time{Milliseconds{2}}));
  EXPECT_EQ(deliveries.last("a"), Time{Milliseconds{2}});
  for (std::size_t one = 1; one < MemoryWatchdogDeliveries::most_receivers; ++one)
    ASSERT_TRUE(deliveries.keep(std::to_string(one), Time{}));
  EXPECT_FALSE(deliveries.keep("another", Time{Milliseconds{3}}));
  EXPECT_FALSE(deliveries.last("another"));
  EXPECT_TRUE(deliveries.keep("a", Time{Milliseconds{4}})) << "it is known";
}

}  // namespace
}  // namespace quietgate
