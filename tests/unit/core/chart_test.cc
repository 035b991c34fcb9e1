#include "runner/core/chart.h"

#include <gtest/gtest.h>

#include <algorithm>

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

TEST(Chart, ReadsMeasurementsAndNothingElse) {
  auto series = parse_measurements(
      "garbage\n{\"series\":\"a\",\"t\":2,\"v\":3}\n{\"series\":1}\n"
      "{\"series\":\"a\",\"t\":1,\"v\":5}\n{\"series\":\"a\",\"t\":9,\"v\":9}");
  ASSERT_EQ(series.size(), 1u);
  EXPECT_EQ(series["a"], (std::vector<std::pair<double, double>>{{1, 5}, {2, 3}})) << "in order; whole lines only";
}

TEST(Chart, DrawsRisesInText) {
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

TEST(Chart, DrawsAnSvgOfItsOwn) {
  auto svg = svg_chart(ramp());
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_EQ(std::count(svg.begin(), svg.end(), '\n') > 10, true);
  EXPECT_NE(svg.find(">replicas</text>"), std::string::npos);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

TEST(Chart, NothingIsNotDrawn) {
  EXPECT_EQ(svg_chart({}), "");
  EXPECT_TRUE(text_chart({}, 80).empty());
  EXPECT_EQ(svg_chart(parse_measurements("{\"series\":\"load.users\",\"t\":2,\"v\":3}\n")), "") << "a point is no line";
  EXPECT_FALSE(text_chart(ramp(), 0).empty()) << "a narrow terminal";
}

}  // namespace
}  // namespace quietgate
