#include "runner/adapters/memory/memory_load_metrics.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(MemoryLoadMetrics, CountARepositorysLoadsWhileTheyRunAndWhatTheySent) {
  MemoryLoadMetrics metrics;
  metrics.begin("a");
  metrics.begin("a");
  metrics.count("a", 10, 1);
  metrics.end("a");
  metrics.count("a", 5, 2);
  metrics.begin("b");
  const auto all = metrics.by_repository();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all.at("a").active, 1);
  EXPECT_EQ(all.at("a").requests, 15);
  EXPECT_EQ(all.at("a").failed, 3);
  EXPECT_EQ(all.at("b").requests, 0);
}

}  // namespace
}  // namespace quietgate
