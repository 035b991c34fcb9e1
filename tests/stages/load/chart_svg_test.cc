#include "stages/load/chart_svg.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

namespace quietgate {
namespace {

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

std::string row(const std::string& series, double second, double value) {
  return fmt::format("{{\"series\":\"{}\",\"t\":{},\"v\":{}}}\n", series, 1'700'000'000'000 + second * 1000, value);
}

TEST(SvgChart, TimesThatNoAxisCanHoldAreNotDrawn) {
  for (const char* far : {"1e308", "1e16"}) {
    const auto series = parse_measurements("{\"series\":\"load.users\",\"t\":-" + std::string(far) +
                                           ",\"v\":1}\n{\"series\":\"load.users\",\"t\":" + far + ",\"v\":2}\n");
    EXPECT_LT(svg_chart(series).size(), 100'000u) << far;
  }
}

TEST(SvgChart, DrawsAnSvgOfItsOwn) {
  std::string rows;
  for (int second = 0; second <= 60; ++second) {
    rows += row("load.users", second, second) + row("replicas", second, second < 30 ? 1 : 6);
  }
  auto svg = svg_chart(parse_measurements(rows));
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_EQ(std::count(svg.begin(), svg.end(), '\n') > 10, true);
  EXPECT_NE(svg.find(">replicas</text>"), std::string::npos);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

// At seven points a letter, which is more than these take.
TEST(SvgChart, NoTextOfAnSvgIsCutOff) {
  const std::regex text("<text x=\"([0-9.]+)\"[^>]* text-anchor=\"(\\w+)\"[^>]*>([^<]*)</text>");
  for (const int seconds : {9, 74, 344, 7'920, 86'399, 400'000}) {
    std::string rows;
    for (const int second : {0, seconds / 3, seconds}) {
      rows += row("load.users", second, 12'345) + row("load.requests_per_second", second, 123'456) +
              row("load.arrivals_intended", second, 130'000) + row("load.failures_per_second", second, 3);
    }
    const auto svg = svg_chart(parse_measurements(rows));
    int times = 0;
    for (auto at = std::sregex_iterator(svg.begin(), svg.end(), text); at != std::sregex_iterator(); ++at) {
      const double x = std::stod((*at)[1]), width = 7.0 * static_cast<double>((*at)[3].length());
      const auto anchor = (*at)[2].str();
      const double begin = anchor == "start" ? x : anchor == "end" ? x - width : x - width / 2;
      EXPECT_GE(begin, 0) << (*at)[0];
      EXPECT_LE(begin + width, 900) << (*at)[0];
      times += anchor == "middle" ? 1 : 0;
    }
    EXPECT_GE(times, 2 * 3) << seconds << ": two time axes, with labels to read a time from";
    EXPECT_LE(times, 2 * 9) << seconds;
  }
}

TEST(SvgChart, WhereNothingWasMeasuredThereIsNoLine) {
  std::string rows;
  for (const int load : {0, 100, 200}) {
    for (int second = 0; second < 20; ++second) rows += row("load.p95_ms", load + second, 61);
  }
  for (int second = 0; second < 220; second += 15) rows += row("replicas", second, second < 100 ? 1 : 3);
  const auto svg = svg_chart(parse_measurements(rows));
  EXPECT_EQ(count_of(svg, "<polyline"), 3u + 1u) << "three loads; replicas are scraped now and then, and stay";
  rows += row("load.p95_ms", 150, 61);
  EXPECT_EQ(count_of(svg_chart(parse_measurements(rows)), "<polyline"), 4u + 1u) << "one point is a dot";
}

TEST(SvgChart, ScalesFitWhatTheyShow) {
  const auto labels_of = [](const std::string& series, double most) {
    const auto svg = svg_chart(parse_measurements(row(series, 0, most) + row(series, 9, most)));
    std::vector<std::string> labels;
    const std::regex text("x=\"62.0\"[^>]*>([^<]*)<");
    for (auto at = std::sregex_iterator(svg.begin(), svg.end(), text); at != std::sregex_iterator(); ++at)
      labels.push_back((*at)[1]);
    return labels;
  };
  using Labels = std::vector<std::string>;
  EXPECT_EQ(labels_of("load.users", 12'345), (Labels{"0", "8,000", "16,000"}));
  EXPECT_EQ(labels_of("load.p95_ms", 1'016), (Labels{"0", "600", "1,200"}));
  EXPECT_EQ(labels_of("load.p95_ms", 0.4), (Labels{"0", "0.2", "0.4"}));
  EXPECT_EQ(labels_of("replicas", 3), (Labels{"0", "2", "4"})) << "there is no half of a replica";
}

TEST(SvgChart, AnSvgIsForLightAndDarkAndNotLong) {
  std::string rows;
  for (int second = 0; second < 20'000; ++second) {
    rows += row("load.p95_ms", second, second % 7) + row("load.failures_per_second", second, 0);
  }
  const auto svg = svg_chart(parse_measurements(rows + row("load.p95_ms", 20'000, 4'000)));
  EXPECT_NE(svg.find("@media (prefers-color-scheme:dark)"), std::string::npos);
  EXPECT_LT(svg.size(), 50'000u);
  EXPECT_NE(svg.find("880.0,"), std::string::npos) << "up to the end";
  EXPECT_NE(svg.find(">4,000</text>"), std::string::npos) << "and up to the highest";
  EXPECT_EQ(svg.find("requests/s"), std::string::npos) << "that nothing failed needs no line";
}

TEST(SvgChart, NothingIsNotDrawn) {
  EXPECT_EQ(svg_chart({}), "");
  EXPECT_EQ(svg_chart(parse_measurements("{\"series\":\"load.users\",\"t\":2,\"v\":3}\n")), "") << "a point is no line";
}

}  // namespace
}  // namespace quietgate
