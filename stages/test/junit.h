// JUnit XML, as pytest, Maven, Go and others write it. The text comes from the tested commit: it may be anything.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/outcome.h"

namespace quietgate {

struct TestResult {
  enum class Kind { passed, failed, skipped };
  std::string name;  // `tests.test_app::test_health`, or the name alone when the report gives no class
  Kind kind = Kind::passed;
  double seconds = 0;   // 0 when the report does not say
  std::string message;  // of a failure or an error, at most 2,000 bytes
  bool flaky = false;   // passed, but only when it was run again
};

struct JunitLimits {
  std::size_t tests = 100'000;
  std::size_t depth = 1'000;                   // of suites in suites
  std::size_t tree = 64UL * 1024 * 1024;       // bytes that the document takes in memory, beside its text
  std::size_t kept_text = 16UL * 1024 * 1024;  // bytes of all names and messages together; no message beyond it
};

struct JunitReport {
  std::vector<TestResult> tests;
  // Where the report's own counts say something else than its cases, which count: `the report counts 3 tests, 0
  // failures; its cases are 1, 1 failed: the cases count`. Empty: they agree, or nothing is counted.
  std::string disagreement;
};

// Every test case of the document, however its suites are nested.
//   failed: with `failure`, `error`, `rerunFailure` or `rerunError`, or a status that says so;
//   skipped: with `skipped`, `disabled` or `ignored`, also as its status or result (`notrun`, `suppressed`);
//   passed and flaky: with `flakyFailure` or `flakyError` and none of these;
//   passed: the rest.
// A `failure` or `error` of a suite itself is a failed test of its name. A report that counts failures but holds no
// failing case (a module that could not be imported) is given one. Entities other than the five of XML are not expanded
// and nothing is ever loaded. Errors are of kind step: not XML, no JUnit report, over a limit; the message does not
// name the file. The text is taken apart in place.
Result<JunitReport> parse_junit(std::string xml, JunitLimits limits = {});

TestCounts count(const std::vector<TestResult>& tests);
// `2 of 31 tests failed: tests.test_app::test_health, tests.test_app::test_root`; three names at most, then `and 4
// more`. Empty when none failed.
std::string failures_sentence(const std::vector<TestResult>& tests);
// `12 tests passed, 1 of them flaky, 2 skipped`.
std::string passed_sentence(const TestCounts& counts);
// What is stored as tests.json: {"version":1,"tests":[{"name","outcome","seconds","message","flaky"}]}; the message
// when there is one, `flaky` when it is.
std::string tests_json(const std::vector<TestResult>& tests);

}  // namespace quietgate
