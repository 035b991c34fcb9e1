// Every figure here is computed elsewhere (scipy, tables of the sources) and not by the code under test.
#include "stages/load/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace quietgate {
namespace {

TEST(Statistics, SamplesThatBoundAPercentile) {
  EXPECT_EQ(least_samples(0.5), 5);
  EXPECT_EQ(least_samples(0.9), 29);
  EXPECT_EQ(least_samples(0.95), 59);
  EXPECT_EQ(least_samples(0.99), 299);
  EXPECT_EQ(least_samples(0.999), 2995);
}

TEST(Statistics, RanksThatBoundAPercentile) {
  EXPECT_EQ(upper_rank(1000, 0.99), 996);
  EXPECT_EQ(upper_rank(10000, 0.99), 9917);
  EXPECT_EQ(upper_rank(299, 0.99), 299) << "just enough: the largest";
  EXPECT_EQ(upper_rank(298, 0.99), 0);
  EXPECT_EQ(upper_rank(59, 0.95), 59);
  EXPECT_EQ(upper_rank(58, 0.95), 0);
  EXPECT_GT(upper_rank(100'000'000, 0.99), 99'000'000);
  EXPECT_LT(upper_rank(100'000'000, 0.99), 99'002'000);
}

TEST(Statistics, UpperLimitsOfRatios) {
  EXPECT_NEAR(upper_ratio(0, 3000), 0.000998, 5e-7);
  EXPECT_NEAR(upper_ratio(31, 60000), 0.000697, 5e-7);
  EXPECT_EQ(upper_ratio(0, 0), 1);
  EXPECT_EQ(upper_ratio(5, 5), 1);
  EXPECT_EQ(least_for_ratio(0.01), 299);
  EXPECT_LE(upper_ratio(0, least_for_ratio(0.01)), 0.01);
  EXPECT_GT(upper_ratio(0, least_for_ratio(0.01) - 1), 0.01);
}

TEST(Statistics, ARegressionAndNone) {
  const std::vector<double> base{101, 104, 99, 103, 107};
  auto slower = compare(base, {110, 115, 108, 121, 112});
  EXPECT_EQ(slower.u, 25);
  EXPECT_NEAR(slower.p, 0.003968, 5e-7);
  EXPECT_EQ(slower.estimate, 9);
  EXPECT_NEAR(slower.estimate / slower.base * 100, 8.737864, 5e-7);
  auto same = compare(base, {102, 105, 100, 106, 108});
  EXPECT_EQ(same.u, 16);
  EXPECT_NEAR(same.p, 0.273810, 5e-7);
  EXPECT_EQ(same.estimate, 1);
}

TEST(Statistics, TheLeastPThatSoFewCanGive) {
  auto least = [](int count) {
    std::vector<double> base, candidates;
    for (int i = 0; i < count; ++i) {
      base.push_back(i);
      candidates.push_back(100 + i);
    }
    return compare(base, candidates).p;
  };
  EXPECT_NEAR(least(3), 0.05, 1e-9);
  EXPECT_NEAR(least(4), 0.014286, 5e-7);
  EXPECT_NEAR(least(5), 0.003968, 5e-7);
}

TEST(Statistics, TiesCountHalf) {
  auto all_equal = compare({5, 5, 5}, {5, 5, 5});
  EXPECT_EQ(all_equal.u, 4.5);
  EXPECT_EQ(all_equal.p, 1);
  EXPECT_EQ(all_equal.estimate, 0);
}

TEST(Statistics, TestsThatAreMadeTogetherAreAdjusted) {
  const auto q = adjusted({.001, .008, .039, .041, .042, .06, .074, .205});
  const std::vector<double> expected{.008, .032, .0672, .0672, .0672, .08, .084571, .205};
  ASSERT_EQ(q.size(), expected.size());
  for (std::size_t i = 0; i < q.size(); ++i) EXPECT_NEAR(q[i], expected[i], 5e-7) << i;
  EXPECT_EQ(adjusted({0.03, 0.01}), (std::vector<double>{0.03, 0.02})) << "in the order of the question";
  EXPECT_TRUE(adjusted({}).empty());
  EXPECT_EQ(adjusted({0.04}), std::vector<double>{0.04});
}

// The exact distribution against all divisions of the same values, one by one.
TEST(Statistics, EqualsTheCountOfAllDivisions) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> values(4 + random() % 7);
    for (auto& value : values) value = static_cast<double>(random() % 6);
    const std::size_t side = 1 + random() % (values.size() - 1);
    const std::vector<double> base(values.begin() + static_cast<std::ptrdiff_t>(side), values.end());
    const std::vector<double> candidates(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(side));
    const auto shift = compare(base, candidates);
    int extreme = 0, all = 0;
    for (unsigned mask = 0; mask < 1u << values.size(); ++mask) {
      if (static_cast<std::size_t>(__builtin_popcount(mask)) != side) continue;
      double u = 0;
      for (std::size_t a = 0; a < values.size(); ++a) {
        for (std::size_t b = 0; b < values.size(); ++b) {
          if ((mask >> a & 1u) == 0 || (mask >> b & 1u) != 0) continue;
          u += values[a] > values[b] ? 1 : (values[a] == values[b] ? 0.5 : 0);
        }
      }
      ++all;
      if (u >= shift.u - 1e-9) ++extreme;
    }
    ASSERT_NEAR(shift.p, static_cast<double>(extreme) / all, 1e-12) << round;
  }
}

}  // namespace
}  // namespace quietgate
