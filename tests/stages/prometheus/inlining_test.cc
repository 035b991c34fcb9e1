#include "stages/prometheus/inlining.h"

#include <gmock/gmock.h>

#include "stages/prometheus/selectors.h"

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<ExpectedRule> rules_of(const std::string& rules) {
  auto read = read_rules_file("r.yml", "groups: [{name: g, interval: 30s, rules: [" + rules + "]}]");
  if (!read) ADD_FAILURE() << read.error().message;
  return read ? *read : std::vector<ExpectedRule>();
}

std::string inlined(const std::string& query, const std::string& rules) {
  auto result = inline_recorded(query, rules_of(rules), 60);
  return result ? result->query : "error: " + result.error().message;
}

const std::string ratio = R"({record: job:errors:ratio, expr: "e / r # of a job"})";

TEST(Inlining, LeavesWhatIsNotRecorded) {
  EXPECT_EQ(inlined("up == 0 # all", ratio), "up == 0 # all");
}

TEST(Inlining, EnclosesTheExpressionAndEndsItsComment) {
  EXPECT_EQ(inlined("job:errors:ratio > 0.1", ratio), "((e / r # of a job\n)) > 0.1");
  EXPECT_EQ(inlined("max by (job) (job:errors:ratio)", ratio), "max by (job) (((e / r # of a job\n)))");
}

TEST(Inlining, LeavesNamesInStringsAndGroupingsAlone) {
  EXPECT_EQ(inlined(R"(up{job="job:errors:ratio"})", ratio), R"(up{job="job:errors:ratio"})");
  EXPECT_EQ(inlined("sum by (a) (up)", "{record: a, expr: b}"), "sum by (a) (up)");
}

TEST(Inlining, FollowsRecordedOfRecorded) {
  EXPECT_EQ(inlined("a", "{record: a, expr: b + 1}, {record: b, expr: c}"), "((((c\n)) + 1\n))");
  EXPECT_THAT(inlined("a", "{record: a, expr: b}, {record: b, expr: a}"), HasSubstr("`a` is computed from itself"));
}

TEST(Inlining, JoinsRulesOfOneNameAndSetsLabels) {
  EXPECT_EQ(inlined("a", R"({record: a, expr: b, labels: {q: 'x$"'}}, {record: a, expr: c})"),
            "(label_replace((b\n), \"q\", \"x$$\\\"\", \"__name__\", \".*\") or (c\n))");
}

TEST(Inlining, AppliesMatchers) {
  EXPECT_EQ(inlined(R"(a{x="1"})", "{record: a, expr: b}"),
            "(((b\n)) and on (x) label_replace(vector(1), \"x\", \"1\", \"__name__\", \".*\"))");
  EXPECT_EQ(inlined(R"({__name__="a", x!='1'})", "{record: a, expr: b}"),
            "(((b\n)) unless on (x) label_replace(vector(1), \"x\", '1', \"__name__\", \".*\"))");
  EXPECT_THAT(inlined(R"(a{x=~"1|2"})", "{record: a, expr: b}"),
              HasSubstr(R"(and on (quietgate_match) label_replace(vector(1), "quietgate_match", "1")"));
}

TEST(Inlining, RangesAndOffsetsBecomeSubqueries) {
  EXPECT_EQ(inlined("avg_over_time(a[5m] offset 1h) > 1", "{record: a, expr: b}"),
            "avg_over_time(((b\n))[5m:30000ms] offset 1h) > 1");
  EXPECT_EQ(inlined("a[5m:1m]", "{record: a, expr: b}"), "((b\n))[5m:1m]");
  EXPECT_EQ(inlined("a - a offset 1d > 5", "{record: a, expr: b}"),
            "((b\n)) - last_over_time(((b\n))[30000ms:30000ms] offset 1d) > 5");
  auto result = inline_recorded("a offset 1d", rules_of("{record: a, expr: b}"), 60);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->approximate);
  EXPECT_THAT(result->recorded, ElementsAre("a"));
}

TEST(Inlining, SaysWhatCannotBeReplaced) {
  const std::string one = "{record: a, expr: b}";
  EXPECT_THAT(inlined(R"({job="x"})", one), HasSubstr("name the metric"));
  EXPECT_THAT(inlined(R"({__name__=~"a|b"})", one), HasSubstr("name the metric"));
  EXPECT_THAT(inlined("ALERTS", one), HasSubstr("no history"));
  EXPECT_THAT(inlined("up @ end()", one), HasSubstr("another time"));
  EXPECT_THAT(inlined(R"(absent(a{job="x"}))", one), HasSubstr("takes labels from its matchers"));
  EXPECT_EQ(inlined("absent(a)", one), "absent(((b\n)))");
  EXPECT_THAT(inlined("count by (__name__) (a)", one), HasSubstr("`__name__`"));
  EXPECT_THAT(inlined("a{", one), HasSubstr("error: "));
}

TEST(Inlining, IsBounded) {
  std::string rules = "{record: a0, expr: up}";
  for (int i = 1; i < 40; ++i)
    rules += ", {record: a" + std::to_string(i) + ", expr: 'a" + std::to_string(i - 1) + " + a" +
             std::to_string(i - 1) + "'}";
  EXPECT_THAT(inlined("a39", rules), HasSubstr("larger than 100 KiB"));
}

TEST(Inlining, KnowsTheLongestRange) {
  EXPECT_EQ(longest_range_of("rate(a[5m]) + max_over_time((b)[1h:1m]) # [2d]"), 2 * 86'400) << "too long does no harm";
  EXPECT_EQ(longest_range_of("a > 1"), 0);
}

TEST(Places, AreWhereTheSelectorsAre) {
  const std::string query = "rate( a{x=\"1\"} [5m] offset 1h ) + absent(b) + c  or d @ 5";
  auto places = places_of(query);
  ASSERT_TRUE(places.ok());
  std::vector<std::string> texts;
  for (const auto& place : *places) texts.push_back(query.substr(place.begin, place.end - place.begin));
  EXPECT_THAT(texts, ElementsAre("a{x=\"1\"} [5m] offset 1h", "b", "c", "d @ 5"));
  EXPECT_TRUE((*places)[1].absent);
  EXPECT_FALSE((*places)[2].absent);
}

}  // namespace
}  // namespace quietgate
