#include "runner/api/run_list_cache.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(RunListCache, AListIsRightForItsVersionAlone) {
  RunListCache lists;
  lists.keep("/runs", {7, 1}, "seven");
  ASSERT_NE(lists.find("/runs", {7, 1}), nullptr);
  EXPECT_EQ(*lists.find("/runs", {7, 1}), "seven");
  EXPECT_EQ(lists.find("/runs", {8, 1}), nullptr);
  EXPECT_EQ(lists.find("/runs", {7, 2}), nullptr);
  EXPECT_EQ(lists.find("/runs?limit=1", {7, 1}), nullptr);
  lists.keep("/runs", {8, 1}, "eight");
  EXPECT_EQ(*lists.find("/runs", {8, 1}), "eight");
  EXPECT_EQ(lists.find("/runs", {7, 1}), nullptr);
}

TEST(RunListCache, ManyTargetsTakeNoMoreRoom) {
  RunListCache lists;
  for (int i = 0; i < 1000; ++i) lists.keep(std::to_string(i), {1, 0}, "x");
  int kept = 0;
  for (int i = 0; i < 1000; ++i) kept += lists.find(std::to_string(i), {1, 0}) != nullptr ? 1 : 0;
  EXPECT_LE(kept, 16);
  EXPECT_NE(lists.find("999", {1, 0}), nullptr);
}

}  // namespace
}  // namespace quietgate
