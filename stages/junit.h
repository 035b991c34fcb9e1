// JUnit XML, as pytest, Maven, Go and others write it. The text comes from the tested commit: it may be anything.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "runner/core/outcome.h"
#include "runner/core/result.h"

namespace quietgate {

struct TestResult {
  enum class Kind { passed, failed, skipped };
  std::string name;  // `tests.test_app::test_health`, or the name alone when the report gives no class
  Kind kind = Kind::passed;
  double seconds = 0;   // 0 when the report does not say
  std::string message;  // of a failure or an error, at most 2,000 bytes
};

struct JunitLimits {
  std::size_t tests = 100'000;
};

// Every test case of the document, however its suites are nested. Entities other than the five of XML are not
// expanded and nothing is ever loaded. Errors are of kind step: not XML, no JUnit report, too many tests; the message
// does not name the file.
Result<std::vector<TestResult>> parse_junit(std::string_view xml, JunitLimits limits = {});

TestCounts count(const std::vector<TestResult>& tests);
// `2 of 31 tests failed: tests.test_app::test_health, tests.test_app::test_root`; three names at most, then `and 4
// more`. Empty when none failed.
std::string failures_sentence(const std::vector<TestResult>& tests);
// What is stored as tests.json: {"version":1,"tests":[{"name","outcome","seconds","message"}]}.
std::string tests_json(const std::vector<TestResult>& tests);

}  // namespace quietgate
