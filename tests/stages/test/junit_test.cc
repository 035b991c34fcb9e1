#include "stages/test/junit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quietgate {
namespace {

using ::testing::HasSubstr;

Result<std::vector<TestResult>> tests_of(std::string xml, JunitLimits limits = {}) {
  auto report = parse_junit(std::move(xml), limits);
  if (!report) return report.error();
  return report->tests;
}

std::string disagreement_of(std::string xml) {
  auto report = parse_junit(std::move(xml));
  return report ? report->disagreement : report.error().message;
}

constexpr const char* pytest_report = R"(<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4" time="0.1">
<testcase classname="tests.test_app" name="test_health" time="0.012" />
<testcase classname="tests.test_app" name="test_root" time="0.5"><failure message="assert 1 == 2">def test</failure></testcase>
<testcase classname="tests.test_app" name="test_db"><error message="fixture 'db' not found">trace</error></testcase>
<testcase classname="tests.test_app" name="test_later"><skipped message="later"/></testcase>
</testsuite></testsuites>)";

TEST(Junit, NamesEveryTestWithItsOutcomeAndTime) {
  auto tests = tests_of(pytest_report);
  ASSERT_TRUE(tests) << tests.error().message;
  ASSERT_EQ(tests->size(), 4U);
  EXPECT_EQ((*tests)[0].name, "tests.test_app::test_health");
  EXPECT_DOUBLE_EQ((*tests)[0].seconds, 0.012);
  EXPECT_EQ((*tests)[1].message, "assert 1 == 2");
  EXPECT_EQ(count(*tests), (TestCounts{1, 2, 1}));
  EXPECT_EQ(failures_sentence(*tests), "2 of 4 tests failed: tests.test_app::test_root, tests.test_app::test_db");
  EXPECT_EQ(tests_json(*tests).substr(0, 22), R"({"version":1,"tests":[)");
}

TEST(Junit, ReadsNestedSuitesAndTestsWithoutAClass) {
  auto tests = tests_of(
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
  auto tests = tests_of(xml + "</testsuite>");
  ASSERT_TRUE(tests);
  EXPECT_EQ(failures_sentence(*tests), "5 of 5 tests failed: a, b, c and 2 more");
}

TEST(Junit, RefusesWhatIsNotAReport) {
  EXPECT_THAT(tests_of("").error().message, HasSubstr("not well-formed XML"));
  EXPECT_THAT(tests_of("<testsuite><testcase").error().message, HasSubstr("not well-formed XML"));
  EXPECT_EQ(tests_of("<html/>").error().message,
            "not a JUnit report: its root is <html>, expected <testsuites> or <testsuite>");
  EXPECT_THAT(tests_of("<testsuite><testcase/><testcase/></testsuite>", {.tests = 1}).error().message,
              HasSubstr("more than 1 tests"));
}

TEST(Junit, LoadsNoExternalEntity) {
  auto tests =
      tests_of("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><testsuite><testcase name='&e;'/></testsuite>");
  ASSERT_TRUE(tests);
  EXPECT_EQ((*tests)[0].name, "&e;");
}

TEST(Junit, DeclaredFailuresWithoutACaseStillFail) {
  auto tests = tests_of("<testsuites><testsuite errors='2'><testcase name='a'/></testsuite></testsuites>");
  ASSERT_TRUE(tests);
  EXPECT_EQ(count(*tests).failed, 1);
}

TEST(Junit, RefusesDeepNesting) {
  std::string open, close;
  for (int depth = 0; depth < 200'000; ++depth) {
    open += "<testsuite>";
    close += "</testsuite>";
  }
  EXPECT_EQ(tests_of(open + "<testcase name='deep'/>" + close).error().message,
            "suites are nested more than 1000 deep");
}

std::string case_of(const std::string& attributes, const std::string& inside = {}) {
  return "<testsuite><testcase name='a' " + attributes + ">" + inside + "</testcase></testsuite>";
}

// Every way in which writers say that a test did not just pass.
TEST(Junit, AsksTheChildrenThenTheStatusOfACase) {
  struct Expected {
    std::string xml;
    TestCounts counts;
  };
  const std::vector<Expected> all{
      {case_of("", "<flakyFailure message='x'/>"), {1, 0, 0, 1}},
      {case_of("", "<flakyError message='x'/><flakyFailure/>"), {1, 0, 0, 1}},
      {case_of("", "<failure/><rerunFailure/><rerunError/>"), {0, 1, 0, 0}},
      {case_of("", "<rerunFailure/>"), {0, 1, 0, 0}},
      {case_of("", "<flakyFailure/><failure/>"), {0, 1, 0, 0}},
      {case_of("", "<flakyFailure/><skipped/>"), {0, 0, 1, 0}},
      {case_of("", "<skipped/><failure/>"), {0, 1, 0, 0}},
      {case_of("", "<failure/><skipped/>"), {0, 1, 0, 0}},
      {case_of("status='notrun'"), {0, 0, 1, 0}},
      {case_of("status='NotRun'"), {0, 0, 1, 0}},
      {case_of("status='disabled'"), {0, 0, 1, 0}},
      {case_of("", "<disabled/>"), {0, 0, 1, 0}},
      {case_of("status='notrun' result='suppressed'"), {0, 0, 1, 0}},
      {case_of("status='run' result='skipped'"), {0, 0, 1, 0}},
      {case_of("status='run' result='completed'"), {1, 0, 0, 0}},
      {case_of("status='run' result='completed'", "<failure/><failure/>"), {0, 1, 0, 0}},
      {case_of("status='disabled'", "<failure/>"), {0, 1, 0, 0}},
      {case_of("status='fail'"), {0, 1, 0, 0}},
      {case_of("status='passed'"), {1, 0, 0, 0}},
  };
  for (const auto& expected : all) {
    auto tests = tests_of(expected.xml);
    ASSERT_TRUE(tests) << expected.xml;
    EXPECT_EQ(count(*tests), expected.counts) << expected.xml;
  }
}

// As the writers of the day print them, shortened.
TEST(Junit, ReadsWhatWritersWrite) {
  struct Writer {
    const char* name;
    const char* xml;
    TestCounts counts;
  };
  const std::vector<Writer> all{
      {"pytest", pytest_report, {1, 2, 1, 0}},
      {"pytest, a test and its teardown",
       R"(<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4">
<testcase classname="t" name="double"><failure message="assert 1 == 2">E</failure></testcase>
<testcase classname="t" name="double"><error message="failed on teardown">E</error></testcase>
<testcase classname="t" name="fine" /><testcase classname="t" name="x"><skipped type="pytest.xfail" message="" /></testcase>
</testsuite></testsuites>)",
       {1, 2, 1, 0}},
      {"googletest",
       R"(<testsuites tests="4" failures="1" disabled="1" errors="0" name="AllTests">
<testsuite name="S" tests="4" failures="1" disabled="1" skipped="1" errors="0">
<testcase name="A" file="s.cc" line="6" status="run" result="completed" time="0." classname="S" />
<testcase name="B" status="run" result="completed" classname="S"><failure message="x" type=""><![CDATA[x]]></failure><failure message="y" type=""/></testcase>
<testcase name="DISABLED_C" status="notrun" result="suppressed" classname="S" />
<testcase name="D" status="run" result="skipped" classname="S"><skipped message="s.cc:16&#x0A;" /></testcase>
</testsuite></testsuites>)",
       {1, 1, 2, 0}},
      {"surefire",
       R"(<testsuite xsi:noNamespaceSchemaLocation="x.xsd" version="3.0.2" name="T" tests="3" errors="0" skipped="0" failures="1" flakes="1">
<properties><property name="java.version" value="17"/></properties>
<testcase name="ok" classname="T" time="0.01"/>
<testcase name="shaky" classname="T"><flakyFailure message="x" type="E"><stackTrace><![CDATA[E: x]]></stackTrace></flakyFailure></testcase>
<testcase name="bad" classname="T"><failure message="no" type="E"/><rerunFailure message="no" type="E"/></testcase>
</testsuite>)",
       {2, 1, 0, 1}},
      {"jest-junit",
       R"(<testsuites name="jest tests" tests="2" failures="1" errors="0" time="1.6">
<testsuite name="add" errors="0" failures="1" skipped="1" tests="2"><testcase classname="add ok" name="add ok" time="0.002"><skipped/></testcase>
<testcase classname="add no" name="add no"><failure>Error: expect(received)</failure></testcase></testsuite></testsuites>)",
       {0, 1, 1, 0}},
      {"gotestsum",
       R"(<testsuites tests="3" failures="1" errors="0" time="0.2"><testsuite tests="3" failures="1" time="0.1" name="example" timestamp="x">
<properties><property name="go.version" value="go1.22"></property></properties>
<testcase classname="example" name="TestA" time="0.00"></testcase><testcase classname="example" name="TestB"><failure message="Failed" type="">no</failure></testcase>
<testcase classname="example" name="TestC"><skipped message="=== RUN TestC"></skipped></testcase></testsuite></testsuites>)",
       {1, 1, 1, 0}},
      {"bats",
       R"(<testsuites time="0.1"><testsuite name="a.bats" tests="3" failures="1" errors="0" skipped="1">
<testcase classname="a.bats" name="ok" time="0.01" /><testcase classname="a.bats" name="no"><failure type="failure">(in test)</failure></testcase>
<testcase classname="a.bats" name="later"><skipped>later</skipped></testcase></testsuite></testsuites>)",
       {1, 1, 1, 0}},
      {"ctest",
       R"(<testsuite name="all" tests="5" failures="1" disabled="1" skipped="2" hostname="" time="1">
<testcase name="good" classname="good" time="0.01" status="run"><system-out></system-out></testcase>
<testcase name="bad" classname="bad" status="fail"><failure message=""/><system-out></system-out></testcase>
<testcase name="absent" classname="absent" status="notrun"><skipped message="Unable to find executable"/></testcase>
<testcase name="skips" classname="skips" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>
<testcase name="off" classname="off" status="disabled"><system-out>Disabled</system-out></testcase></testsuite>)",
       {1, 1, 3, 0}},
  };
  for (const auto& writer : all) {
    auto report = parse_junit(writer.xml);
    ASSERT_TRUE(report) << writer.name << ": " << report.error().message;
    EXPECT_EQ(count(report->tests), writer.counts) << writer.name;
    EXPECT_EQ(report->disagreement, "") << writer.name;
  }
}

TEST(Junit, ASuiteMayFailAsAWhole) {
  auto report = parse_junit(
      "<testsuites><testsuite name='s' tests='1'><testcase name='a'/><error message='no module'/></testsuite>"
      "</testsuites>");
  ASSERT_TRUE(report);
  EXPECT_EQ(count(report->tests), (TestCounts{1, 1, 0, 0}));
  EXPECT_EQ(failures_sentence(report->tests), "1 of 2 tests failed: the suite s");
  EXPECT_EQ(report->tests[1].message, "no module");
  EXPECT_EQ(report->disagreement, "");
  EXPECT_EQ(count(*tests_of("<testsuite><properties><error/></properties><testcase name='a'/></testsuite>")),
            (TestCounts{1, 0, 0, 0}));
}

TEST(Junit, CasesCountWhereTheReportCountsOtherwise) {
  EXPECT_EQ(disagreement_of("<testsuite tests='3' failures='0'><testcase name='a'><failure/></testcase></testsuite>"),
            "the report counts 3 tests, 0 failures; its cases are 1, 1 failed: the cases count");
  EXPECT_EQ(disagreement_of("<testsuite tests='2'><testcase name='a'/></testsuite>"),
            "the report counts 2 tests; its cases are 1, 0 failed: the cases count");
  EXPECT_EQ(disagreement_of("<testsuites><testsuite tests='1' errors='1'><testcase name='a'><error/></testcase>"
                            "</testsuite></testsuites>"),
            "");
  // One test with a failure and an error.
  EXPECT_EQ(disagreement_of("<testsuite tests='1' errors='1' failures='1'><testcase name='a'><failure/><error/>"
                            "</testcase></testsuite>"),
            "");
  auto tests = tests_of("<testsuite tests='3' failures='0'><testcase name='a'><failure/></testcase></testsuite>");
  EXPECT_EQ(count(*tests), (TestCounts{0, 1, 0, 0}));
}

TEST(Junit, SaysWhatPassedAndHow) {
  EXPECT_EQ(passed_sentence({12, 0, 0, 1}), "12 tests passed, 1 of them flaky");
  EXPECT_EQ(passed_sentence({1, 0, 2, 0}), "1 test passed, 2 skipped");
  auto tests = tests_of(case_of("", "<flakyFailure message='timed out'/>"));
  EXPECT_EQ(tests_json(*tests),
            "{\"version\":1,\"tests\":[{\"name\":\"a\",\"outcome\":\"passed\",\"seconds\":0.0,"
            "\"message\":\"timed out\",\"flaky\":true}]}\n");
}

// A tree takes many times the memory of its text.
TEST(Junit, BoundsTheMemoryOfADocument) {
  std::string xml = "<testsuite>";
  for (int i = 0; i < 300'000; ++i) xml += "<a/>";
  xml += "</testsuite>";
  EXPECT_EQ(tests_of(xml, {.tree = 1024UL * 1024}).error().message, "it takes more than 1 MiB of memory to read");
  EXPECT_TRUE(tests_of(xml));
}

TEST(Junit, KeepsMessagesOnlyAsLongAsThereIsRoom) {
  std::string xml = "<testsuite>";
  for (int i = 0; i < 3; ++i)
    xml += "<testcase name='a'><failure message='" + std::string(5'000, 'm') + "'/></testcase>";
  auto tests = tests_of(xml + "</testsuite>", {.kept_text = 4'500});
  ASSERT_TRUE(tests);
  EXPECT_EQ((*tests)[1].message.size(), 2'000U);
  EXPECT_EQ((*tests)[2].message, "");
  EXPECT_THAT(tests_of(xml + "</testsuite>", {.kept_text = 2}).error().message, HasSubstr("longer than 2 bytes"));
}

TEST(Junit, ExpandsNoEntity) {
  auto tests = tests_of(
      "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]>"
      "<testsuite><testcase name='&b;&b;'/></testsuite>");
  ASSERT_TRUE(tests);
  EXPECT_EQ((*tests)[0].name, "&b;&b;");
}

}  // namespace
}  // namespace quietgate
