#include "stages/load/measured_series.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(MeasuredSeries, ReadsMeasurementsAndNothingElse) {
  auto series = parse_measurements(
      "garbage\n{\"series\":\"a\",\"t\":2,\"v\":3}\n{\"series\":1}\n"
      "{\"series\":\"a\",\"t\":1,\"v\":5}\n{\"series\":\"a\",\"t\":9,\"v\":9}");
  ASSERT_EQ(series.size(), 1u);
  EXPECT_EQ(series["a"], (std::vector<std::pair<double, double>>{{1, 5}, {2, 3}})) << "in order; whole lines only";
}

}  // namespace
}  // namespace quietgate
