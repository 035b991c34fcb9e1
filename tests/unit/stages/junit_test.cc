#include "stages/junit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quietgate {
namespace {

using ::testing::HasSubstr;

constexpr const char* pytest_report = R"(<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4" time="0.1">
<testcase classname="tests.test_app" name="test_health" time="0.012" />
<testcase classname="tests.test_app" name="test_root" time="0.5"><failure message="assert 1 == 2">def test</failure></testcase>
<testcase classname="tests.test_app" name="test_db"><error message="fixture 'db' not found">trace</error></testcase>
<testcase classname="tests.test_app" name="test_later"><skipped message="later"/></testcase>
</testsuite></testsuites>)";

TEST(Junit, NamesEveryTestWithItsOutcomeAndTime) {
  auto tests = parse_junit(pytest_report);
  ASSERT_TRUE(tests) << tests.error().message;
  ASSERT_EQ(tests->size(), 4U);
  EXPECT_EQ((*tests)[0].name, "tests.test_app::test_health");
  EXPECT_DOUBLE_EQ((*tests)[0].seconds, 0.012);
  EXPECT_EQ((*tests)[1].message, "assert 1 == 2");
  EXPECT_EQ(count(*tests), (TestCounts{1, 2, 1}));
  EXPECT_EQ(failures_sentence(*tests), "2 of 4 tests failed: tests.test_app::test_root, tests.test_app::test_db");
  EXPECT_EQ(tests_json(*tests).substr(0, 12), R"({"tests":[{")");
}

TEST(Junit, ReadsNestedSuitesAndTestsWithoutAClass) {
  auto tests = parse_junit(
      "<testsuite><testsuite><testsuite><testcase name='a'/></testsuite></testsuite><testcase name='b'/></testsuite>");
  ASSERT_TRUE(tests);
  ASSERT_EQ(tests->size(), 2U);
  EXPECT_EQ((*tests)[0].name, "a");
  EXPECT_EQ((*tests)[1].name, "b");
}

TEST(Junit, NamesThreeFailuresAndCountsTheRest) {
  std::string xml = "<testsuite>";
  for (char name = 'a'; name < 'f'; ++name) {
    xml += std::string("<testcase name='") + name + "'><failure/></testcase>";
  }
  auto tests = parse_junit(xml + "</testsuite>");
  ASSERT_TRUE(tests);
  EXPECT_EQ(failures_sentence(*tests), "5 of 5 tests failed: a, b, c and 2 more");
}

TEST(Junit, RefusesWhatIsNotAReport) {
  EXPECT_THAT(parse_junit("").error().message, HasSubstr("not well-formed XML"));
  EXPECT_THAT(parse_junit("<testsuite><testcase").error().message, HasSubstr("not well-formed XML"));
  EXPECT_EQ(parse_junit("<html/>").error().message,
            "not a JUnit report: its root is <html>, expected <testsuites> or <testsuite>");
  EXPECT_THAT(parse_junit("<testsuite><testcase/><testcase/></testsuite>", {.tests = 1}).error().message,
              HasSubstr("more than 1 tests"));
}

TEST(Junit, LoadsNoExternalEntity) {
  auto tests = parse_junit(
      "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><testsuite><testcase name='&e;'/></testsuite>");
  ASSERT_TRUE(tests);
  EXPECT_EQ((*tests)[0].name, "&e;");
}

TEST(Junit, DeclaredFailuresWithoutACaseStillFail) {
  auto tests = parse_junit("<testsuites><testsuite errors='2'><testcase name='a'/></testsuite></testsuites>");
  ASSERT_TRUE(tests);
  EXPECT_EQ(count(*tests).failed, 1);
}

TEST(Junit, SurvivesDeepNesting) {
  std::string open, close;
  for (int depth = 0; depth < 200'000; ++depth) {
    open += "<testsuite>";
    close += "</testsuite>";
  }
  auto tests = parse_junit(open + "<testcase name='deep'/>" + close);
  ASSERT_TRUE(tests);
  EXPECT_EQ(tests->size(), 1U);
}

}  // namespace
}  // namespace quietgate
