#include "runner/model/trigger.h"

#include <gtest/gtest.h>

#include <chrono>

namespace quietgate {
namespace {

struct GlobCase {
  const char* pattern;
  const char* text;
  bool matches;
};

class GlobTable : public testing::TestWithParam<GlobCase> {};

TEST_P(GlobTable, Matches) {
  EXPECT_EQ(glob_problem(GetParam().pattern), "");
  EXPECT_EQ(glob_matches(GetParam().pattern, GetParam().text), GetParam().matches)
      << GetParam().pattern << " on " << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Globs, GlobTable,
    testing::Values(GlobCase{"main", "main", true}, GlobCase{"main", "mains", false}, GlobCase{"main", "mai", false},
                    GlobCase{"*", "main", true}, GlobCase{"*", "", true}, GlobCase{"*", "feature/a", false},
                    GlobCase{"**", "feature/a", true}, GlobCase{"**", "", true},
                    GlobCase{"feature/*", "feature/a", true}, GlobCase{"feature/*", "feature/a/b", false},
                    GlobCase{"feature/**", "feature/a/b", true}, GlobCase{"docs/**", "docs", false},
                    GlobCase{"docs/**", "docs/a/b.md", true}, GlobCase{"**/*.md", "README.md", true},
                    GlobCase{"**/*.md", "a/b/README.md", true}, GlobCase{"**/*.md", "a/README.mdx", false},
                    GlobCase{"a/**/b", "a/b", true}, GlobCase{"a/**/b", "a/x/y/b", true},
                    GlobCase{"a/**/b", "axb", false}, GlobCase{"a**/b", "ax/y/b", true}, GlobCase{"v?.?", "v1.2", true},
                    GlobCase{"v?.?", "v1/2", false}, GlobCase{"?", "é", true}, GlobCase{"??", "é", false},
                    GlobCase{"[a-c]x", "bx", true}, GlobCase{"[a-c]x", "dx", false}, GlobCase{"[!a-c]x", "dx", true},
                    GlobCase{"[!a]x", "/x", false}, GlobCase{"[]a]", "]", true}, GlobCase{"[a-]", "-", true},
                    GlobCase{"{main,release/*}", "release/1", true}, GlobCase{"{main,release/*}", "main", true},
                    GlobCase{"{main,release/*}", "release", false}, GlobCase{"a{,b}c", "ac", true},
                    GlobCase{"a{,b}c", "abc", true}, GlobCase{"{a,{b,c}d}e", "cde", true},
                    GlobCase{"{a,{b,c}d}e", "ce", false}, GlobCase{"{**/x,y}", "x", true}, GlobCase{"\\*", "*", true},
                    GlobCase{"\\*", "a", false}, GlobCase{"{a\\,b,c}", "a,b", true}, GlobCase{"{[,],x}", ",", true}));

TEST(Glob, SaysWhatIsWrong) {
  EXPECT_EQ(glob_problem(""), "it is empty");
  EXPECT_EQ(glob_problem("[a"), "the `[` is never closed by `]`");
  EXPECT_EQ(glob_problem("{a,b"), "the `{` is never closed by `}`");
  EXPECT_EQ(glob_problem("a}"), "a `}` has no `{`");
  EXPECT_EQ(glob_problem("a\\"), "nothing follows the `\\`");
  EXPECT_EQ(glob_problem("[z-a]"), "a range in `[]` runs backwards");
  EXPECT_EQ(glob_problem(std::string(1001, 'a')), "it is longer than 1,000 bytes");
  EXPECT_EQ(glob_problem(std::string(8, '{') + std::string(8, '}')), "");
  EXPECT_EQ(glob_problem(std::string(9, '{') + std::string(9, '}')), "its braces are nested deeper than 8 levels");
  EXPECT_FALSE(glob_matches("[a", "[a"));
}

TEST(Glob, IsNotExponential) {
  std::string stars;
  std::string braces;
  for (int i = 0; i < 100; ++i) stars += "*a";
  for (int i = 0; i < 100; ++i) braces += "{a,aa,*}";
  const std::string text(4000, 'a');
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(glob_matches(stars + "b", text));
  EXPECT_FALSE(glob_matches(braces + "b", text));
  EXPECT_FALSE(glob_matches("**/**/**/**/**/**/**/**/**/**/b", std::string(4000, '/')));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(Decide, BranchMustMatch) {
  const TriggerDecision no = decide({}, "topic", {"a"}, true);
  EXPECT_FALSE(no.run);
  EXPECT_EQ(no.reason, "branch `topic` matches none of on.branches (main)");
  EXPECT_TRUE(decide({}, "main", {"a"}, true).run);
}

TEST(Decide, PathsFilter) {
  TriggerRules rules;
  rules.paths = {"src/**", "*.py"};
  rules.ignore_paths = {"**/*.md"};
  EXPECT_TRUE(decide(rules, "main", {"docs/x", "src/a.c"}, true).run);
  EXPECT_TRUE(decide(rules, "main", {"setup.py"}, true).run);
  EXPECT_FALSE(decide(rules, "main", {"src/README.md"}, true).run);
  EXPECT_EQ(decide(rules, "main", {"src/README.md"}, true).reason,
            "the only changed path (src/README.md) is excluded by on.paths and on.ignore_paths");
  EXPECT_EQ(decide(rules, "main", {"x/a", "x/b"}, true).reason,
            "none of the 2 changed paths is included by on.paths and on.ignore_paths");
  EXPECT_EQ(decide(rules, "main", {}, true).reason, "no path changed");
}

TEST(Decide, UnknownChangesAndEmptyCommitsRun) {
  TriggerRules rules;
  EXPECT_TRUE(decide(rules, "main", {}, true).run);
  rules.paths = {"src/**"};
  EXPECT_TRUE(decide(rules, "main", {}, false).run);
}

TEST(Decide, WhatTakesTooLongRuns) {
  TriggerRules rules;
  rules.paths = {"src/**"};
  int asked = 0;
  const auto late = [&asked] { return ++asked > 1; };
  EXPECT_TRUE(decide(rules, "main", {"docs/x", "docs/y"}, true, late).run);
  EXPECT_FALSE(decide(rules, "topic", {"docs/x", "docs/y"}, true, late).run);
}

}  // namespace
}  // namespace quietgate
