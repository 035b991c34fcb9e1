#include "stages/junit.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

namespace quietgate {

namespace {

constexpr std::size_t max_message = 2'000;
constexpr std::size_t max_name = 1'000;

std::string cut(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
  text.resize(limit);
  return text;
}

std::string message_of(const pugi::xml_node& problem) {
  std::string message = problem.attribute("message").as_string();
  if (message.empty()) message = problem.child_value();
  return cut(std::move(message), max_message);
}

TestResult read_case(const pugi::xml_node& node) {
  TestResult test;
  std::string owner = node.attribute("classname").as_string();
  std::string name = node.attribute("name").as_string("(without a name)");
  test.name = cut(owner.empty() ? name : owner + "::" + name, max_name);
  test.seconds = node.attribute("time").as_double();
  if (!std::isfinite(test.seconds) || test.seconds < 0) test.seconds = 0;
  for (auto child = node.first_child(); child; child = child.next_sibling()) {
    std::string_view kind = child.name();
    if (kind == "failure" || kind == "error") {
      test.kind = TestResult::Kind::failed;
      if (test.message.empty()) test.message = message_of(child);
    } else if (kind == "skipped" && test.kind == TestResult::Kind::passed) {
      test.kind = TestResult::Kind::skipped;
    }
  }
  return test;
}

// Document order without recursion: suites may be nested as deep as the writer likes.
pugi::xml_node following(pugi::xml_node node, bool descend) {
  if (descend && node.first_child()) return node.first_child();
  while (node && !node.next_sibling()) node = node.parent();
  return node ? node.next_sibling() : node;
}

// A report's own statement that something failed, for writers that count failures without a test case (a test module
// that could not be imported).
int declared_failures(const pugi::xml_node& root) {
  auto of = [](const pugi::xml_node& node) {
    return std::max(0, node.attribute("failures").as_int()) + std::max(0, node.attribute("errors").as_int());
  };
  int total = of(root);
  if (total > 0) return total;
  for (auto suite = root.child("testsuite"); suite; suite = suite.next_sibling("testsuite")) total += of(suite);
  return total;
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

Result<std::vector<TestResult>> parse_junit(std::string_view xml, JunitLimits limits) {
  pugi::xml_document document;
  auto parsed = document.load_buffer(xml.data(), xml.size(), pugi::parse_default);
  if (!parsed) {
    return step_error(std::string("not well-formed XML: ") + parsed.description() + " at byte " +
                      std::to_string(parsed.offset));
  }
  auto root = document.document_element();
  std::string_view kind = root.name();
  if (kind != "testsuites" && kind != "testsuite") {
    return step_error("not a JUnit report: its root is <" + cut(root.name(), 60) +
                      ">, expected <testsuites> or <testsuite>");
  }
  std::vector<TestResult> tests;
  bool descend = true;
  for (auto node = root; node; node = following(node, descend)) {
    descend = std::string_view(node.name()) != "testcase";
    if (descend) continue;
    if (tests.size() == limits.tests) {
      return step_error("more than " + std::to_string(limits.tests) + " tests in one report");
    }
    tests.push_back(read_case(node));
  }
  int missing = declared_failures(root) - count(tests).failed;
  if (missing > 0 && count(tests).failed == 0) {
    tests.push_back({"(failures without a test case)", TestResult::Kind::failed, 0,
                     "the report counts " + std::to_string(missing) + " failures but lists none"});
  }
  return tests;
}

TestCounts count(const std::vector<TestResult>& tests) {
  TestCounts counts;
  for (const auto& test : tests) {
    if (test.kind == TestResult::Kind::passed) ++counts.passed;
    if (test.kind == TestResult::Kind::failed) ++counts.failed;
    if (test.kind == TestResult::Kind::skipped) ++counts.skipped;
  }
  return counts;
}

std::string failures_sentence(const std::vector<TestResult>& tests) {
  std::string names;
  int failed = 0;
  for (const auto& test : tests) {
    if (test.kind != TestResult::Kind::failed) continue;
    if (++failed <= 3) names += (failed == 1 ? "" : ", ") + cut(test.name, 200);
  }
  if (failed == 0) return {};
  if (failed > 3) names += " and " + std::to_string(failed - 3) + " more";
  return std::to_string(failed) + " of " + std::to_string(tests.size()) + (tests.size() == 1 ? " test" : " tests") +
         " failed: " + names;
}

std::string tests_json(const std::vector<TestResult>& tests) {
  auto list = nlohmann::json::array();
  for (const auto& test : tests) {
    nlohmann::json entry{{"name", test.name}, {"outcome", to_string(test.kind)}, {"seconds", test.seconds}};
    if (!test.message.empty()) entry["message"] = test.message;
    list.push_back(std::move(entry));
  }
  nlohmann::json document{{"version", 1}, {"tests", std::move(list)}};
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace quietgate
