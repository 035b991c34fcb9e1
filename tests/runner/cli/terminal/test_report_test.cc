#include "runner/cli/terminal/test_report.h"

#include <gtest/gtest.h>

#include "runner/cli/terminal/outcome_mark.h"

namespace quietgate {
namespace {

TEST(TestReport, NamesFailedAndFlakyOnesWithTheirFirstLines) {
  Terminal plain;
  EXPECT_EQ(troubled_tests(R"({"version":1,"tests":[{"name":"a","outcome":"passed"},
      {"name":"c","outcome":"passed","flaky":true,"message":"timed out"},
      {"name":"t::b","outcome":"failed","message":"assert 1 == 2\n\n  where\n3\n4\n5\n6\u001b[31m"}]})",
                           plain),
            "  " + mark(plain, Outcome::failed) +
                " t::b\n      assert 1 == 2\n        where\n      3\n      4\n      5\n      ...\n"
                "  ~ c (flaky)\n      timed out\n");
  EXPECT_EQ(troubled_tests("{", plain), "");
  std::string many = R"({"tests":[)";
  for (int i = 0; i < 25; ++i) many += std::string(i > 0 ? "," : "") + R"({"name":"n","outcome":"failed"})";
  EXPECT_NE(troubled_tests(many + "]}", plain).find("  and 5 more\n"), std::string::npos);
}

}  // namespace
}  // namespace quietgate
