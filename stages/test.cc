#include "stages/test.h"

#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "stages/artifacts.h"
#include "stages/junit.h"
#include "stages/step.h"
#include "stages/tree.h"

namespace quietgate {

namespace {

constexpr std::size_t max_reports = 1'000;
constexpr std::size_t max_report_bytes = 64UL * 1024 * 1024;

// Which file this is, and in which state: it differs when the file was written again.
std::string identity(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return std::to_string(status.st_ino) + " " + std::to_string(status.st_size) + " " +
         std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

std::string earlier_reports_file(const StageRequest& request) {
  return request.directory + "/reports-before.json";
}

// Reports that were there before the commands began (an earlier attempt's, or checked in) must not pass for theirs.
Result<void> remember_earlier_reports(const StageRequest& request, const TestSpec& spec) {
  std::error_code error;
  if (spec.junit.empty() || std::filesystem::exists(earlier_reports_file(request), error)) return {};
  auto reports = nlohmann::json::object();
  for (const auto& path : find_files(request.checkout, {spec.junit}, max_reports).paths) {
    reports[path] = identity(request.checkout + "/" + path);
  }
  return write_file_whole(earlier_reports_file(request),
                          reports.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::vector<std::string> written_reports(const StageRequest& request, const FoundFiles& found) {
  auto text = read_file_bounded(earlier_reports_file(request), max_report_bytes);
  auto before = nlohmann::json::parse(text ? *text : "{}", nullptr, false);
  std::vector<std::string> written;
  for (const auto& path : found.paths) {
    auto earlier = before.is_object() ? before.value(path, std::string()) : std::string();
    if (earlier != identity(request.checkout + "/" + path)) written.push_back(path);
  }
  return written;
}

Result<std::vector<TestResult>> read_reports(const StageRequest& request, const TestSpec& spec) {
  auto found = find_files(request.checkout, {spec.junit}, max_reports);
  auto written = written_reports(request, found);
  if (written.empty()) {
    std::string what = "no JUnit report was written: ";
    what += found.paths.empty() ? "no file matches \"" + spec.junit + "\""
                                : found.paths.front() + " is older than this attempt's commands";
    return step_error(what, "let the command write the report, or correct `junit:` in the pipeline");
  }
  if (found.truncated) return step_error("more than 1000 JUnit reports match \"" + spec.junit + "\"");
  std::vector<TestResult> all;
  for (const auto& path : written) {
    auto text = read_file_bounded(request.checkout + "/" + path, max_report_bytes);
    if (!text) return step_error("the JUnit report " + path + " can't be read: " + text.error().message);
    auto tests = parse_junit(*text);
    if (!tests) return step_error("the JUnit report " + path + " can't be read: " + tests.error().message);
    all.insert(all.end(), tests->begin(), tests->end());
  }
  return all;
}

// Joins what the tests say to what the commands said; `outcome` is the commands'.
void judge_tests(const StageRequest& request, std::vector<TestResult> tests, StageOutcome& outcome) {
  for (auto& test : tests) {
    test.name = masked(std::move(test.name), request.secrets);
    test.message = masked(std::move(test.message), request.secrets);
  }
  outcome.tests = count(tests);
  auto stored = write_file_whole(request.directory + "/tests.json", tests_json(tests));
  if (!stored) request.log->line("tests.json could not be kept: " + stored.error().message);
  for (const auto& test : tests) {
    if (test.kind == TestResult::Kind::failed) request.log->line("failed: " + test.name);
  }
  const auto counts = *outcome.tests;
  auto sentence = failures_sentence(tests);
  if (!sentence.empty()) {
    if (outcome.outcome == Outcome::passed) outcome.outcome = Outcome::failed;
    outcome.reason = sentence;
  } else if (outcome.outcome == Outcome::passed && tests.empty()) {
    outcome = failed("the JUnit report holds no tests", "run at least one test, or remove `junit:`");
  } else if (outcome.outcome == Outcome::passed && counts.passed == 0) {
    outcome = failed(counts.skipped == 1 ? std::string("the only test was skipped")
                                         : "all " + std::to_string(counts.skipped) + " tests were skipped",
                     "let at least one test run, or remove `junit:`");
    outcome.tests = counts;
  } else if (outcome.outcome == Outcome::passed) {
    outcome.reason = std::to_string(counts.passed) + (counts.passed == 1 ? " test" : " tests") + " passed";
    if (counts.skipped > 0) outcome.reason += ", " + std::to_string(counts.skipped) + " skipped";
  }
}

void keep_files(const StageRequest& request, const TestSpec& spec, StageOutcome& outcome) {
  if (spec.artifacts.empty()) return;
  auto kept = keep_artifacts(request.checkout, spec.artifacts, request.directory + "/artifacts",
                             request.directory + "/artifacts.json");
  if (!kept) {
    request.log->line(kept.error().message);
    if (outcome.outcome == Outcome::passed) outcome = outcome_of(kept.error());
    return;
  }
  for (const auto& warning : kept->warnings) request.log->line("artifacts: " + warning);
  request.log->line(std::to_string(kept->artifacts.size()) + " artifacts kept");
}

StageOutcome outcome_of(const ProcessExit& exit, const Command& command) {
  StageOutcome outcome;
  outcome.outcome = Outcome::passed;
  if (exit.succeeded()) return outcome;
  outcome.reason = describe(exit) + " from \"" + command_line(command) + "\"";
  if (exit.how == ProcessExit::How::exited || exit.how == ProcessExit::How::signalled) {
    outcome.outcome = Outcome::failed;
    outcome.reason += " after " + human_duration(exit.ended - exit.started);
  } else {
    outcome.outcome = Outcome::error;
  }
  return outcome;
}

}  // namespace

Task<StageOutcome> TestStage::run_commands(const StageRequest& request, const TestSpec& spec) {
  StageOutcome outcome;
  outcome.outcome = Outcome::passed;
  int number = 0;
  for (const auto& command : spec.commands) {
    const auto name = request.directory + "/" + std::to_string(++number) + "-run";
    auto step = process_of(command, request.checkout, name, request.environment);
    if (!step) co_return quietgate::outcome_of(step.error());
    step->boot = request.boot;
    step->nonce = request.nonce;
    step->log = request.directory + "/log";
    step->secrets = request.secrets;
    std::error_code error;
    if (request.resume &&
        std::filesystem::is_directory(request.directory + "/steps/" + std::to_string(number) + "-run", error)) {
      co_return quietgate::outcome_of(
          infrastructure_error("an older version of quietgate began this attempt, and its steps can't be taken up",
                               "retry it when nothing of it runs any more"));
    }
    if (!std::filesystem::exists(record_of(step->name), error)) request.log->line("$ " + command_line(command));
    auto exit = co_await processes_.run(std::move(*step), *request.stop);
    if (!exit) co_return quietgate::outcome_of(exit.error());
    outcome = outcome_of(*exit, command);
    if (!exit->log_complete) request.log->line("part of the log was lost: " + exit->detail);
    if (outcome.outcome != Outcome::passed) co_return outcome;
  }
  co_return outcome;
}

Task<StageOutcome> TestStage::run(StageRequest request) {
  const auto& spec = std::get<TestSpec>(request.spec.body);
  const auto prepared = remember_earlier_reports(request, spec);
  if (!prepared) co_return quietgate::outcome_of(prepared.error());
  auto outcome = co_await run_commands(request, spec);
  if (outcome.outcome != Outcome::error && !spec.junit.empty()) {
    auto tests = read_reports(request, spec);
    if (tests) {
      judge_tests(request, std::move(*tests), outcome);
    } else {
      request.log->line(tests.error().message);
      if (outcome.outcome == Outcome::passed) outcome = quietgate::outcome_of(tests.error());
    }
  }
  keep_files(request, spec, outcome);
  outcome.reason = masked(std::move(outcome.reason), request.secrets);
  co_return outcome;
}

}  // namespace quietgate
