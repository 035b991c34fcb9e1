#include "stages/test/junit.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <pugixml.hpp>

#include "runner/base/json.h"
#include "runner/base/text.h"
#include "stages/test/xml_arena.h"

namespace quietgate {

namespace {

constexpr std::size_t max_message = 2'000;
constexpr std::size_t max_name = 1'000;
constexpr const char* uncounted = "(failures without a test case)";

using Words = std::initializer_list<std::string_view>;

bool is_one_of(std::string_view word, Words words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// At most so many bytes, and whole characters of UTF-8. Never a copy of more: one attribute may hold all of the text. A
// control character would be six bytes in tests.json.
std::string cut(const char* text, std::size_t limit) {
  std::string part(cut_to_bytes({text, ::strnlen(text, limit + 1)}, limit));
  std::replace_if(
      part.begin(), part.end(), [](unsigned char c) { return c < 0x20 && c != '\n' && c != '\t'; }, '?');
  return part;
}

std::string lower(const char* text) {
  auto word = cut(text, 20);
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
  return word;
}

std::string message_of(const pugi::xml_node& problem) {
  auto message = cut(problem.attribute("message").as_string(), max_message);
  return message.empty() ? cut(problem.child_value(), max_message) : message;
}

std::string name_of(const pugi::xml_node& node) {
  auto owner = cut(node.attribute("classname").as_string(), max_name);
  const auto name = cut(node.attribute("name").as_string("(without a name)"), max_name);
  return cut((owner.empty() ? name : owner + "::" + name).c_str(), max_name);
}

// What the case's own attributes say: googletest's `status` and `result`, CTest's `status`.
std::optional<TestResult::Kind> stated(const pugi::xml_node& node) {
  const auto status = lower(node.attribute("status").as_string());
  const auto result = lower(node.attribute("result").as_string());
  const Words failed{"fail", "failed", "failure", "error", "errored", "broken", "timeout", "crashed"};
  const Words skipped{"notrun", "not_run", "not run", "disabled",   "skipped",
                      "skip",   "ignored", "pending", "suppressed", "filtered"};
  if (is_one_of(status, failed) || is_one_of(result, failed)) return TestResult::Kind::failed;
  if (is_one_of(status, skipped) || is_one_of(result, skipped)) return TestResult::Kind::skipped;
  return std::nullopt;
}

TestResult read_case(const pugi::xml_node& node) {
  TestResult test;
  test.name = name_of(node);
  test.seconds = node.attribute("time").as_double();
  if (!std::isfinite(test.seconds) || test.seconds < 0) test.seconds = 0;
  bool failed = false;
  bool skipped = false;
  std::string told;
  for (auto child = node.first_child(); child; child = child.next_sibling()) {
    const std::string_view kind = child.name();
    if (is_one_of(kind, {"failure", "error", "rerunFailure", "rerunError"})) {
      if (!failed || test.message.empty()) test.message = message_of(child);
      failed = true;
    } else if (is_one_of(kind, {"flakyFailure", "flakyError"})) {
      test.flaky = true;
      if (told.empty()) told = message_of(child);
    } else if (is_one_of(kind, {"skipped", "disabled", "ignored"})) {
      skipped = true;
    }
  }
  const auto says = stated(node);
  if (failed || says == TestResult::Kind::failed) {
    test.kind = TestResult::Kind::failed;
  } else if (skipped || says == TestResult::Kind::skipped) {
    test.kind = TestResult::Kind::skipped;
  }
  test.flaky = test.flaky && test.kind == TestResult::Kind::passed;
  if (test.flaky) test.message = std::move(told);
  return test;
}

// What a report says of itself; nothing: it does not say.
struct Declared {
  std::optional<int> tests, failures, errors;
  int most_failed = 0;
};

std::optional<int> count_in(const pugi::xml_node& node, const char* what) {
  const auto attribute = node.attribute(what);
  if (!attribute) return std::nullopt;
  return std::clamp(attribute.as_int(), 0, 1'000'000'000);
}

// The root's count, else the sum of its suites'.
std::optional<int> total(const pugi::xml_node& root, const char* what) {
  if (auto whole = count_in(root, what)) return whole;
  std::optional<int> sum;
  for (auto suite = root.child("testsuite"); suite; suite = suite.next_sibling("testsuite")) {
    if (auto part = count_in(suite, what)) sum = std::min(sum.value_or(0) + *part, 1'000'000'000);
  }
  return sum;
}

Declared declared(const pugi::xml_node& root) {
  Declared said{total(root, "tests"), total(root, "failures"), total(root, "errors"), 0};
  const auto failed = [](const pugi::xml_node& node) {
    return count_in(node, "failures").value_or(0) + count_in(node, "errors").value_or(0);
  };
  int of_suites = 0;
  for (auto suite = root.child("testsuite"); suite; suite = suite.next_sibling("testsuite"))
    of_suites = std::min(of_suites + failed(suite), 1'000'000'000);
  said.most_failed = std::max(failed(root), of_suites);
  return said;
}

std::string number_of(int count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

// One test may have both a failure and an error.
std::string disagreement(const Declared& said, const std::vector<TestResult>& tests) {
  const auto counts = count(tests);
  const auto all = static_cast<int>(tests.size());
  const int failures = said.failures.value_or(0);
  const int errors = said.errors.value_or(0);
  const bool knows_failed = said.failures || said.errors;
  const bool failed_agree =
      !knows_failed || (counts.failed >= std::max(failures, errors) && counts.failed <= failures + errors);
  if (failed_agree && said.tests.value_or(all) == all) return {};
  std::string counted;
  if (said.tests) counted = number_of(*said.tests, "test", "tests");
  if (knows_failed) counted += (counted.empty() ? "" : ", ") + number_of(failures + errors, "failure", "failures");
  return "the report counts " + counted + "; its cases are " + std::to_string(all) + ", " +
         std::to_string(counts.failed) + " failed: the cases count";
}

// Document order without recursion; counts how deep it is.
pugi::xml_node following(pugi::xml_node node, bool descend, std::size_t& depth) {
  if (descend && node.first_child()) {
    ++depth;
    return node.first_child();
  }
  while (node && !node.next_sibling()) {
    node = node.parent();
    depth -= depth > 0 ? 1 : 0;
  }
  return node ? node.next_sibling() : node;
}

// A suite may fail as a whole, outside of its cases.
bool fails_its_suite(const pugi::xml_node& node) {
  return is_one_of(node.name(), {"failure", "error"}) && is_one_of(node.parent().name(), {"testsuite", "testsuites"});
}

TestResult of_suite(const pugi::xml_node& problem) {
  const auto suite = cut(problem.parent().attribute("name").as_string("(without a name)"), max_name / 2);
  return {"the suite " + suite, TestResult::Kind::failed, 0, message_of(problem)};
}

Result<std::vector<TestResult>> cases_of(const pugi::xml_node& root, const JunitLimits& limits, bool& suites_failed) {
  std::vector<TestResult> tests;
  std::size_t depth = 0;
  std::size_t text = 0;
  bool descend = true;
  for (auto node = root; node; node = following(node, descend, depth)) {
    if (depth > limits.depth)
      return step_error("suites are nested more than " + std::to_string(limits.depth) + " deep");
    descend = std::string_view(node.name()) != "testcase";
    if (descend && !fails_its_suite(node)) continue;
    if (tests.size() == limits.tests) {
      return step_error("more than " + std::to_string(limits.tests) + " tests in one report");
    }
    auto test = descend ? of_suite(node) : read_case(node);
    suites_failed = suites_failed || descend;
    if (text + test.name.size() + test.message.size() > limits.kept_text) test.message.clear();
    text += test.name.size() + test.message.size();
    if (text > limits.kept_text)
      return step_error("the names of its tests are longer than " + std::to_string(limits.kept_text) +
                        " bytes together");
    tests.push_back(std::move(test));
  }
  return tests;
}

std::string too_large(const JunitLimits& limits) {
  return "it takes more than " + std::to_string(limits.tree / 1024 / 1024) + " MiB of memory to read";
}

Result<JunitReport> report_of(const pugi::xml_node& root, const JunitLimits& limits) {
  const std::string_view kind = root.name();
  if (kind != "testsuites" && kind != "testsuite") {
    return step_error("not a JUnit report: its root is <" + cut(root.name(), 60) +
                      ">, expected <testsuites> or <testsuite>");
  }
  bool suites_failed = false;
  auto tests = cases_of(root, limits, suites_failed);
  if (!tests) return tests.error();
  JunitReport report{std::move(*tests), {}};
  const auto said = declared(root);
  if (said.most_failed > 0 && count(report.tests).failed == 0) {
    report.tests.push_back({uncounted, TestResult::Kind::failed, 0,
                            "the report counts " + std::to_string(said.most_failed) + " failures but lists none"});
  } else if (!suites_failed) {
    report.disagreement = disagreement(said, report.tests);
  }
  return report;
}

const char* to_string(TestResult::Kind kind) {
  switch (kind) {
    case TestResult::Kind::passed:
      return "passed";
    case TestResult::Kind::failed:
      return "failed";
    case TestResult::Kind::skipped:
      return "skipped";
  }
  return "failed";
}

}  // namespace

Result<JunitReport> parse_junit(std::string xml, JunitLimits limits) {
  const XmlArena arena(limits.tree);
  pugi::xml_document document;
  const auto parsed = document.load_buffer_inplace(xml.data(), xml.size(), pugi::parse_default);
  if (parsed.status == pugi::status_out_of_memory) return step_error(too_large(limits));
  if (!parsed) {
    return step_error(std::string("not well-formed XML: ") + parsed.description() + " at byte " +
                      std::to_string(parsed.offset));
  }
  return report_of(document.document_element(), limits);
}

TestCounts count(const std::vector<TestResult>& tests) {
  TestCounts counts;
  for (const auto& test : tests) {
    if (test.kind == TestResult::Kind::passed) ++counts.passed;
    if (test.kind == TestResult::Kind::failed) ++counts.failed;
    if (test.kind == TestResult::Kind::skipped) ++counts.skipped;
    if (test.flaky) ++counts.flaky;
  }
  return counts;
}

std::string failures_sentence(const std::vector<TestResult>& tests) {
  std::string names;
  int failed = 0;
  for (const auto& test : tests) {
    if (test.kind != TestResult::Kind::failed) continue;
    if (++failed <= 3) names += (failed == 1 ? "" : ", ") + cut(test.name.c_str(), 200);
  }
  if (failed == 0) return {};
  if (failed > 3) names += " and " + std::to_string(failed - 3) + " more";
  return std::to_string(failed) + " of " + number_of(static_cast<int>(tests.size()), "test", "tests") +
         " failed: " + names;
}

std::string passed_sentence(const TestCounts& counts) {
  auto text = number_of(counts.passed, "test", "tests") + " passed";
  if (counts.flaky > 0) text += ", " + std::to_string(counts.flaky) + " of them flaky";
  if (counts.skipped > 0) text += ", " + std::to_string(counts.skipped) + " skipped";
  return text;
}

// Test by test: a document of all of them would take several times the memory of its text.
std::string tests_json(const std::vector<TestResult>& tests) {
  std::string text = R"({"version":1,"tests":[)";
  for (const auto& test : tests) {
    nlohmann::ordered_json entry{{"name", test.name}, {"outcome", to_string(test.kind)}, {"seconds", test.seconds}};
    if (!test.message.empty()) entry["message"] = test.message;
    if (test.flaky) entry["flaky"] = true;
    if (text.back() != '[') text += ',';
    text += json_text(entry);
  }
  return text + "]}\n";
}

}  // namespace quietgate
