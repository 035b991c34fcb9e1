#include "stages/attempt/expectation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace quietgate {
namespace {

using Relation = Bound::Relation;

TEST(Expectation, SaysTheArithmeticOfAFailure) {
  auto check =
      judge("p95", 312, Unit::milliseconds, {Relation::less_equal, 250, "<= 250ms"}, "over 45 s (4,512 requests)");
  EXPECT_EQ(check.sentence, "p95 312 ms > 250 ms over 45 s (4,512 requests)");
  EXPECT_EQ(check.outcome, Outcome::failed);
  EXPECT_EQ(check.expected, "<= 250ms");
  EXPECT_EQ(check.observed, "312 ms");
  EXPECT_EQ(check.name, "p95");
}

TEST(Expectation, SaysTheArithmeticOfAPass) {
  auto check = judge("failure ratio", 0, Unit::ratio, {Relation::less, 0.01, "< 0.01"}, "");
  EXPECT_EQ(check.sentence, "failure ratio 0.000 < 0.01");
  EXPECT_EQ(check.outcome, Outcome::passed);
}

TEST(Expectation, PrintsTheDigitsThatTellTwoNumbersApart) {
  auto check = judge("p95", 250.004, Unit::milliseconds, {Relation::less_equal, 250, "<= 250ms"}, "");
  EXPECT_EQ(check.sentence, "p95 250.004 ms > 250 ms");
  EXPECT_EQ(judge("r", 0.0104, Unit::ratio, {Relation::less, 0.01, ""}, "").sentence, "r 0.0104 >= 0.01");
  EXPECT_EQ(judge("r", 0.0001, Unit::ratio, {Relation::less, 0.0005, ""}, "").sentence, "r 0.000 < 0.0005");
  EXPECT_EQ(judge("r", 250, Unit::milliseconds, {Relation::less, 250, ""}, "").sentence, "r 250 ms >= 250 ms");
}

TEST(Expectation, NamesEveryRelationBothWays) {
  auto sentence = [](Relation relation, double observed) {
    return judge("x", observed, Unit::number, {relation, 2, ""}, "").sentence;
  };
  EXPECT_EQ(sentence(Relation::less, 1), "x 1 < 2");
  EXPECT_EQ(sentence(Relation::less, 2), "x 2 >= 2");
  EXPECT_EQ(sentence(Relation::greater, 3), "x 3 > 2");
  EXPECT_EQ(sentence(Relation::greater, 1), "x 1 <= 2");
  EXPECT_EQ(sentence(Relation::greater_equal, 1), "x 1 < 2");
  EXPECT_EQ(sentence(Relation::equal, 1), "x 1 != 2");
  EXPECT_EQ(sentence(Relation::equal, 2), "x 2 = 2");
  EXPECT_EQ(sentence(Relation::not_equal, 2), "x 2 = 2");
}

TEST(Expectation, NoNumberIsNeverJudged) {
  for (double value : {std::nan(""), double{INFINITY}, -double{INFINITY}}) {
    for (auto relation : {Relation::less, Relation::greater, Relation::not_equal}) {
      EXPECT_EQ(judge("x", value, Unit::number, {relation, 1, ""}, "").outcome, Outcome::inconclusive);
    }
  }
  EXPECT_EQ(judge("x", std::nan(""), Unit::number, {Relation::less, 1, ""}, "").observed, "NaN");
}

TEST(Expectation, FormatsQuantities) {
  EXPECT_EQ(format_quantity(4512, Unit::count), "4,512");
  EXPECT_EQ(format_quantity(1234567, Unit::count), "1,234,567");
  EXPECT_EQ(format_quantity(-1234, Unit::count), "-1,234");
  EXPECT_EQ(format_quantity(999, Unit::count), "999");
  EXPECT_EQ(format_quantity(3.14159, Unit::milliseconds), "3.14 ms");
  EXPECT_EQ(format_quantity(61.4, Unit::milliseconds), "61 ms");
  EXPECT_EQ(format_quantity(112.4, Unit::requests_per_second), "112 req/s");
  EXPECT_EQ(format_quantity(1234.5, Unit::number), "1,234.5");
  EXPECT_EQ(format_quantity(std::nan(""), Unit::ratio), "NaN");
  EXPECT_EQ(format_quantity(1e300, Unit::number), "1e+300");
}

TEST(Expectation, TheWorstCheckSpeaks) {
  auto pass = passed_check("a", "", "", "a is well");
  auto fail = failed_check("b", "", "", "b is ill");
  auto lack = inconclusive_check("c", "", "c is unknown");
  EXPECT_EQ(summarise({}).outcome, Outcome::inconclusive);
  EXPECT_EQ(summarise({pass, pass}).sentence, "a is well; a is well");
  EXPECT_EQ(summarise({pass, pass, pass, pass}).sentence, "a is well; a is well; a is well; 1 more holds");
  EXPECT_EQ(summarise({pass, lack}).outcome, Outcome::inconclusive);
  EXPECT_EQ(summarise({pass, lack, fail, fail}).outcome, Outcome::failed);
  EXPECT_EQ(summarise({pass, lack, fail, fail}).sentence, "b is ill; 1 more failed");
  EXPECT_EQ(summarise({lack, pass, lack, lack}).sentence, "c is unknown; 2 more could not be judged");
}

TEST(Expectation, APassTellsWhatItWarnsOf) {
  std::vector<Check> checks;
  for (const auto* words : {"a", "b", "c", "WARNING: d", "e"}) checks.push_back(passed_check(words, "", "", words));
  checks.push_back(warning_check("f", "", "", "f"));
  EXPECT_EQ(summarise(checks).sentence, "a; b; c; WARNING: f; 2 more hold") << "words alone warn of nothing";
  checks.push_back(failed_check("g", "", "", "g"));
  EXPECT_EQ(summarise(checks).sentence, "g") << "a failure has one reason";
}

}  // namespace
}  // namespace quietgate
