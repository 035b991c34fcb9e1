#include "stages/prometheus/selectors.h"

#include <gmock/gmock.h>

#include <limits>

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> found(std::string_view promql) {
  auto selectors = selectors_of(promql);
  if (!selectors) return {"error: " + selectors.error().message};
  std::vector<std::string> texts;
  for (const auto& selector : *selectors) texts.push_back(to_string(selector));
  return texts;
}

TEST(Selectors, FindsMetricsAndMatchers) {
  EXPECT_THAT(found("up"), ElementsAre("up"));
  EXPECT_THAT(found("up{job=\"app\", zone!='a'}"), ElementsAre("up{job=\"app\", zone!='a'}"));
  EXPECT_THAT(found("{__name__=~\"a|b\"}"), ElementsAre("{__name__=~\"a|b\"}"));
  EXPECT_THAT(found("a:b:rate5m > 1e3 or c_total{} offset 5m"), ElementsAre("a:b:rate5m", "c_total offset 5m"));
  EXPECT_THAT(found("a + a + a{}"), ElementsAre("a")) << "each once";
  EXPECT_THAT(found("vector(1)"), IsEmpty());
  EXPECT_THAT(found("time() - 0x1f"), IsEmpty());
}

TEST(Selectors, KnowsWhatIsNoMetric) {
  EXPECT_THAT(found("sum by (le, job) (rate(x_bucket{le=\"0.5\"}[5m]))"), ElementsAre("x_bucket{le=\"0.5\"}"));
  EXPECT_THAT(found("sum without(a) (x) / on(b) group_left(c) y"), ElementsAre("x", "y"));
  EXPECT_THAT(found("x and ignoring(a) y unless z"), ElementsAre("x", "y", "z"));
  EXPECT_THAT(found("topk(5, x) == bool 1 AND -Inf < NaN"), ElementsAre("x"));
  EXPECT_THAT(found("count_values(\"version\", build) # up{\n"), ElementsAre("build"));
  EXPECT_THAT(found("max_over_time(rate(x[5m])[1h:30s] offset 1d @ end())"), ElementsAre("x offset 1d @ end()"));
  EXPECT_THAT(found("quantile(0.9, x{a=\"]})\"})"), ElementsAre("x{a=\"]})\"}"));
}

TEST(Selectors, KeepsWhenTheyLook) {
  EXPECT_THAT(found("rate(x{a=\"b\"}[5m] offset 1h30m) > x"), ElementsAre("x{a=\"b\"} offset 1h30m", "x"));
  EXPECT_THAT(found("x offset -5m + y OFFSET 5m"), ElementsAre("x offset -5m", "y offset 5m"));
  EXPECT_THAT(found("x @ 1609746000.5 + y @start() offset 5m"),
              ElementsAre("x @ 1609746000.5", "y @ start() offset 5m"));
  EXPECT_THAT(found("x offset 5m + x offset 5m + x"), ElementsAre("x offset 5m", "x"));
  auto behind = [](std::string_view text) { return behind_of(selectors_of(text)->front()); };
  EXPECT_EQ(behind("x"), 0);
  EXPECT_EQ(behind("x offset 1h30m"), 5400);
  EXPECT_EQ(behind("x offset -1h"), 0);
  EXPECT_EQ(behind("x @ 5"), std::numeric_limits<double>::infinity());
}

TEST(Selectors, LeavesOutWhatMustBeAbsent) {
  EXPECT_THAT(found("absent(up{job=\"a\"} == 1) or x"), ElementsAre("x"));
  EXPECT_THAT(found("absent_over_time(y[5m])"), IsEmpty());
}

TEST(Selectors, UnfinishedTextIsAnError) {
  for (const auto* text : {"up{job=\"a", "up{job=\"a\"", "absent(up", "rate(x[5m", "\"a", "up{=}", "up{a=b}"}) {
    EXPECT_FALSE(selectors_of(text).ok()) << text;
  }
}

TEST(Selectors, AWiderSelectorOfTheSameMetricIsAWitness) {
  auto one = [](std::string_view text) { return selectors_of(text)->front(); };
  auto witness = [&](std::string_view narrow, std::string_view wide) { return witness_of(one(narrow), one(wide)); };
  EXPECT_EQ(witness("x{code=~\"5..\", job=\"a\"}", "x{job=\"a\"}"), "x{job=\"a\", code!=\"\"}");
  EXPECT_EQ(witness("x{code!=\"200\"}", "x"), "x");
  EXPECT_EQ(witness("x{code=~\"5..\"}", "y"), "");
  EXPECT_EQ(witness("x{code=~\"5..\"}", "x{job=\"a\"}"), "");
  EXPECT_EQ(witness("x", "x{job=\"a\"}"), "");
  EXPECT_EQ(witness("x", "x"), "");
}

}  // namespace
}  // namespace quietgate
