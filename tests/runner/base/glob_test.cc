#include "runner/base/glob.h"

#include <gtest/gtest.h>

#include <chrono>

namespace quietgate {
namespace {

TEST(Globs, MatchAsOneGlobAloneDoes) {
  const std::vector<std::string> patterns{"*.xml", "**/x", "a?c", "[!a]b", "{one,t{w,h}o}", "out/**", "ü*", "wrong["};
  const std::vector<std::string> texts{"a.xml", "a/b.xml", "x",   "a/b/x", "abc",  "a/c",    "bb", "ab",      "two",
                                       "tho",   "out/a/b", "out", "üb/",   "über", "wrong[", "",   "\xff.xml"};
  for (const auto& pattern : patterns) {
    Globs globs({pattern});
    for (int again = 0; again < 2; ++again) {
      for (const auto& text : texts)
        EXPECT_EQ(globs.match(text), glob_matches(pattern, text)) << pattern << " " << text;
    }
  }
}

TEST(Globs, AnyOfThemIsEnoughAndEachHasItsPlace) {
  Globs globs({"a*", "wrong[", "*b"});
  EXPECT_TRUE(globs.match("ab") && globs.match("xb") && !globs.match("x"));
  EXPECT_TRUE(globs.match(0, "ab") && !globs.match(1, "wrong[") && !globs.match(0, "xb") && globs.match(2, "xb"));
}

TEST(Globs, KnowWhereNothingCanMatch) {
  Globs globs({"infra/alerts/*.yml", "docs/a{b,c}/*"});
  EXPECT_TRUE(globs.may_match_below("infra") && globs.may_match_below("infra/alerts/more") &&
              globs.may_match_below("docs/x"));
  EXPECT_FALSE(globs.may_match_below("infra/other") || globs.may_match_below("src") || globs.may_match_below("inf"));
  EXPECT_TRUE(Globs({"**/x"}).may_match_below("any/where"));
}

// 400 stars against many long names took minutes.
TEST(Globs, ManyStarsAgainstManyNamesTakeNoTime) {
  std::string pattern;
  for (int i = 0; i < 400; ++i) pattern += "*a";
  Globs globs({pattern});
  const auto began = std::chrono::steady_clock::now();
  int matched = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string name = std::string(200, 'a') + std::to_string(i) + std::string(i % 300, 'a');
    matched += globs.match(name) ? 1 : 0;
  }
  EXPECT_GT(matched, 1'000);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
}

// More states than are kept: forgotten, and right nevertheless.
TEST(Globs, APatternWithTooManyStatesMatchesAllTheSame) {
  const std::string pattern = "*a????????????????";
  Globs globs({pattern});
  unsigned dice = 7;
  for (int i = 0; i < 200; ++i) {
    std::string text;
    for (int at = 0; at < 60; ++at) text += ((dice = dice * 1'103'515'245 + 12'345) >> 16) % 2 == 0 ? 'a' : 'b';
    EXPECT_EQ(globs.match(text), text[60 - 17] == 'a') << text;
  }
}

}  // namespace
}  // namespace quietgate
