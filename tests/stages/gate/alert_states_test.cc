#include "stages/gate/alert_states.h"

#include <gmock/gmock.h>

#include "stages/gate/backtest_report.h"

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Milliseconds interval{15'000};

ExpectedRule rule_of(double duration, double keep) {
  ExpectedRule rule;
  rule.name = "A";
  rule.alerting = true;
  rule.duration = duration;
  rule.keep_firing_for = keep;
  return rule;
}

Series present_at(const std::vector<int>& steps, Labels labels = {}) {
  Series series;
  series.labels = std::move(labels);
  for (int step : steps) series.samples.push_back({1'000'000.0 + 15.0 * step, 1});
  return series;
}

EvaluationGrid grid_of(std::size_t first, std::size_t count) {
  return {Milliseconds{1'000'000'000} + interval * static_cast<int>(first), interval, count};
}

std::string letters(const std::vector<AlertState>& states) {
  std::string text;
  for (const auto state : states) text += "-PF"[static_cast<int>(state)];
  return text;
}

TEST(AlertStates, FollowsTheOracle) {
  auto chunk = evaluate_chunk({}, rule_of(30, 30), grid_of(0, 8), {present_at({0, 1, 2, 3, 7})});
  ASSERT_TRUE(chunk.ok());
  ASSERT_EQ(chunk->alerts.size(), 1u);
  EXPECT_EQ(letters(chunk->alerts[0].states), "PPFFFF-P");
}

TEST(AlertStates, CarryOverWhereverTheChunksAreCut) {
  const auto whole = present_at({0, 1, 2, 3, 7});
  for (std::size_t cut = 1; cut < 8; ++cut) {
    Series first, second;
    for (const auto& sample : whole.samples)
      (sample.time < 1'000'000.0 + 15.0 * static_cast<double>(cut) ? first : second).samples.push_back(sample);
    auto before = evaluate_chunk({}, rule_of(30, 30), grid_of(0, cut), {first});
    ASSERT_TRUE(before.ok());
    auto after = evaluate_chunk(before->after, rule_of(30, 30), grid_of(cut, 8 - cut), {second});
    ASSERT_TRUE(after.ok());
    ASSERT_EQ(after->alerts.size(), 1u);
    EXPECT_EQ(letters(before->alerts[0].states) + letters(after->alerts[0].states), "PPFFFF-P") << "cut at " << cut;
  }
}

TEST(AlertStates, WithoutForAnAlertFiresAtOnceAndWithoutKeepEndsAtOnce) {
  auto chunk = evaluate_chunk({}, rule_of(0, 0), grid_of(0, 5), {present_at({1, 2, 4})});
  ASSERT_TRUE(chunk.ok());
  EXPECT_EQ(letters(chunk->alerts[0].states), "-FF-F");
}

TEST(AlertStates, AnAlertIsItsLabels) {
  auto rule = rule_of(0, 0);
  rule.labels = {{"severity", "page"}, {"zone", ""}, {"where", "{{ $labels.instance }}/{{.Labels.none}}"}};
  EXPECT_EQ(identity_of(rule, {{"__name__", "up"}, {"instance", "h"}, {"zone", "z"}, {"severity", "x"}}),
            (Labels{{"alertname", "A"}, {"instance", "h"}, {"severity", "page"}, {"where", "h/"}}));
  EXPECT_THAT(naming_problem(rule), IsEmpty());
  rule.labels = {{"v", "{{ $value }}"}};
  EXPECT_THAT(naming_problem(rule), HasSubstr("holds the value"));
  rule.labels = {{"v", "{{ $labels.a | title }}"}};
  EXPECT_THAT(naming_problem(rule), HasSubstr("only Prometheus can expand"));
  rule.labels = {{"v", "{{ $labels.a"}};
  EXPECT_THAT(naming_problem(rule), HasSubstr("only Prometheus can expand"));
}

TEST(AlertStates, TwoSeriesThatAreOneAlertAtOneTimeFailTheEvaluation) {
  auto rule = rule_of(0, 0);
  rule.labels = {{"instance", "all"}};
  auto at_once = evaluate_chunk({}, rule, grid_of(0, 3),
                                {present_at({0}, {{"instance", "a"}}), present_at({0}, {{"instance", "b"}})});
  ASSERT_FALSE(at_once.ok());
  EXPECT_THAT(at_once.error().message, HasSubstr("two series are the same alert"));
  auto after_another = evaluate_chunk({}, rule, grid_of(0, 3),
                                      {present_at({0}, {{"instance", "a"}}), present_at({1}, {{"instance", "b"}})});
  ASSERT_TRUE(after_another.ok());
  ASSERT_EQ(after_another->alerts.size(), 1u);
  EXPECT_EQ(letters(after_another->alerts[0].states), "FF-");
}

TEST(AlertStates, RefusesSamplesThatWereNotAskedFor) {
  EXPECT_FALSE(evaluate_chunk({}, rule_of(0, 0), grid_of(0, 3), {present_at({3})}).ok());
  EXPECT_FALSE(evaluate_chunk({}, rule_of(0, 0), grid_of(1, 3), {present_at({0})}).ok());
  Series between;
  between.samples = {{1'000'007, 1}};
  EXPECT_FALSE(evaluate_chunk({}, rule_of(0, 0), grid_of(0, 3), {between}).ok());
}

Window span_of(std::size_t first, std::size_t last) {
  return {Time(grid_of(first, 1).begin), Time(grid_of(last, 1).begin)};
}

PhaseOutcome recorded(const Window& span, double duration, const std::vector<Series>& series) {
  FiringRecord record(span);
  auto chunk = evaluate_chunk({}, rule_of(duration, 0), grid_of(0, 40), series);
  if (!chunk) ADD_FAILURE() << chunk.error().message;
  EXPECT_TRUE(record.add(grid_of(0, 40), chunk->alerts));
  return record.finish();
}

TEST(Firings, AreThoseOfTheSpan) {
  // Fires at 2-3 (over before the span), 8-12 (begun before), 20-21, and 38 until the end.
  auto outcome = recorded(span_of(10, 39), 0, {present_at({2, 3, 8, 9, 10, 11, 12, 20, 21, 38, 39})});
  ASSERT_EQ(outcome.firings.size(), 3u);
  EXPECT_TRUE(outcome.firings[0].begun_before);
  EXPECT_EQ(outcome.firings[0].begin, grid_of(10, 1).begin);
  EXPECT_EQ(outcome.firings[0].end, grid_of(13, 1).begin);
  EXPECT_EQ(outcome.firings[1].end - outcome.firings[1].begin, 2 * interval);
  EXPECT_TRUE(outcome.firings[2].goes_on);
  EXPECT_EQ(outcome.firings[2].end, grid_of(39, 1).begin);
}

TEST(Firings, PendingThatClearsIsANearMiss) {
  auto outcome = recorded(span_of(10, 39), 45, {present_at({4, 5, 20, 21, 30, 31, 32, 33})});
  EXPECT_EQ(outcome.near_misses, 1u) << "20-21; 4-5 was before the span";
  ASSERT_EQ(outcome.firings.size(), 1u);
  EXPECT_EQ(outcome.firings[0].begin, grid_of(33, 1).begin);
}

TEST(Firings, ThatOverlapAreOnePage) {
  auto outcome = recorded(
      span_of(0, 39), 0,
      {present_at({5, 6, 7}, {{"i", "a"}}), present_at({6, 7, 8, 9}, {{"i", "b"}}), present_at({20}, {{"i", "a"}})});
  const auto pages = pages_of(outcome);
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[0].alerts, 2u);
  EXPECT_EQ(pages[0].end - pages[0].begin, 5 * interval);
}

}  // namespace
}  // namespace quietgate
