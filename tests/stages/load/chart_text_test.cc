#include "stages/load/chart_text.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

MeasuredSeries ramp() {
  std::string text;
  for (int second = 0; second <= 60; ++second) {
    const auto at = std::to_string(1'700'000'000'000 + second * 1000);
    text += R"({"series":"load.users","t":)" + at + R"(,"v":)" + std::to_string(second) + "}\n";
    text += R"({"series":"replicas","t":)" + at + R"(,"v":)" + (second < 30 ? "1" : "6") + "}\n";
  }
  return parse_measurements(text);
}

TEST(TextChart, DrawsRisesInText) {
  auto lines = text_chart(ramp(), 80);
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_EQ(lines[0].substr(0, 30), "users                       60");
  EXPECT_NE(lines[2].find("▁"), std::string::npos);
  EXPECT_EQ(lines[3].substr(0, 30), "ready replicas               6");
  EXPECT_EQ(lines[6].substr(lines[6].size() - 2), "1m");
  const auto full = [](const std::string& line) {
    std::size_t count = 0;
    for (auto at = line.find("█"); at != std::string::npos; at = line.find("█", at + 1)) ++count;
    return count;
  };
  EXPECT_GE(full(lines[3]), 20u) << "the second half stands at the top";
  EXPECT_LE(full(lines[3]), 30u);
}

TEST(TextChart, TimesThatNoAxisCanHoldAreNotDrawn) {
  for (const char* far : {"1e308", "1e16"}) {
    const auto series = parse_measurements("{\"series\":\"load.users\",\"t\":-" + std::string(far) +
                                           ",\"v\":1}\n{\"series\":\"load.users\",\"t\":" + far + ",\"v\":2}\n");
    EXPECT_LE(text_chart(series, 80).size(), 100u) << far;
  }
}

TEST(TextChart, NothingIsNotDrawn) {
  EXPECT_TRUE(text_chart({}, 80).empty());
  EXPECT_FALSE(text_chart(ramp(), 0).empty()) << "a narrow terminal";
}

}  // namespace
}  // namespace quietgate
