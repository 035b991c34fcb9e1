#include "stages/test/test.h"

#include <algorithm>

#include "runner/base/files.h"
#include "stages/attempt/artifacts.h"
#include "stages/attempt/step.h"
#include "stages/test/junit_reports.h"

namespace quietgate {

namespace {

constexpr std::size_t told_failures = 100;
constexpr std::size_t told_lines = 5;
constexpr Milliseconds between_looks{50};

std::string memory_of_reports(const StageRequest& request) {
  return request.directory + "/reports-before.json";
}

// The first lines of a message, below its test's name.
void tell_message(StageLog& log, const std::string& message) {
  std::string_view rest = message;
  for (std::size_t lines = 0; lines < told_lines && !rest.empty(); ++lines) {
    const auto end = rest.find('\n');
    log.line("  " + std::string(rest.substr(0, end)));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
}

void tell_failures(StageLog& log, const std::vector<TestResult>& tests) {
  std::size_t told = 0;
  std::size_t failed = 0;
  for (const auto& test : tests) {
    if (test.kind != TestResult::Kind::failed && !test.flaky) continue;
    ++failed;
    if (told == told_failures) continue;
    ++told;
    log.line((test.flaky ? "flaky: " : "failed: ") + test.name);
    tell_message(log, test.message);
  }
  if (failed > told) log.line("and " + std::to_string(failed - told) + " more: see the stage's tests");
}

// What the reports hold, with the secrets masked, and stored in the attempt's directory.
struct Judged {
  ReadReports reports;
  std::string not_stored;
};

Result<Judged> read_and_store(const std::string& checkout, const std::string& glob, const std::string& directory,
                              const std::vector<std::string>& secrets, std::timed_mutex& one_at_a_time,
                              const std::atomic<bool>& stop) {
  std::unique_lock lock(one_at_a_time, std::defer_lock);
  while (!lock.try_lock_for(between_looks)) {
    if (stop.load()) return infrastructure_error("reading the JUnit reports was stopped");
  }
  auto reports = read_reports(checkout, glob, directory + "/reports-before.json", stop);
  if (!reports) return reports.error();
  for (auto& test : reports->tests) {
    test.name = masked(std::move(test.name), secrets);
    test.message = masked(std::move(test.message), secrets);
  }
  auto stored = write_file_durably(directory + "/tests.json", tests_json(reports->tests));
  return Judged{std::move(*reports), stored ? std::string() : stored.error().message};
}

// Joins what the tests say to what the commands said; `outcome` is the commands'.
void judge_tests(const StageRequest& request, const Judged& judged, StageOutcome& outcome) {
  const auto& tests = judged.reports.tests;
  const auto counts = count(tests);
  if (!judged.not_stored.empty()) request.log->line("tests.json could not be written: " + judged.not_stored);
  tell_failures(*request.log, tests);
  for (const auto& line : judged.reports.disagreements) request.log->line(line);
  if (!judged.reports.passed_over.empty()) request.log->line(judged.reports.passed_over);
  const auto sentence = failures_sentence(tests);
  if (!sentence.empty()) {
    if (outcome.outcome == Outcome::passed) outcome.outcome = Outcome::failed;
    outcome.reason = sentence;
  } else if (outcome.outcome == Outcome::passed && tests.empty()) {
    outcome = failed("the JUnit report holds no tests", "run at least one test, or remove `junit:`");
  } else if (outcome.outcome == Outcome::passed && counts.passed == 0) {
    outcome = failed(counts.skipped == 1 ? std::string("the only test was skipped")
                                         : "all " + std::to_string(counts.skipped) + " tests were skipped",
                     "let at least one test run, or remove `junit:`");
  } else if (outcome.outcome == Outcome::passed) {
    outcome.reason = passed_sentence(counts);
  }
  outcome.tests = counts;
  if (!judged.reports.disagreement.empty()) outcome.reason += "; " + judged.reports.disagreement;
}

StageOutcome outcome_of(const StepExit& exit, const Command& command) {
  StageOutcome outcome;
  outcome.outcome = Outcome::passed;
  if (exit.succeeded()) return outcome;
  outcome.reason = describe(exit) + " from \"" + command_line(command) + "\"";
  if (exit.how == StepExit::How::exited || exit.how == StepExit::How::signalled) {
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
  std::vector<StepName> begun;
  if (request.resume) {
    auto known = steps_.steps(AttemptOwner{request.id()});
    if (known) begun = std::move(*known);
  }
  int number = 0;
  for (const auto& command : spec.commands) {
    auto step = step_of(command, request, std::to_string(++number) + "-run");
    if (!step) co_return quietgate::outcome_of(step.error());
    step->boot = request.boot;
    const bool told = std::find(begun.begin(), begun.end(), step->name) != begun.end();
    if (!told) request.log->line("$ " + command_line(command));
    auto exit = co_await steps_.run(std::move(*step), *request.stop);
    if (!exit) co_return quietgate::outcome_of(exit.error());
    outcome = outcome_of(*exit, command);
    // What the step left running, and became of that; what of its log is lost.
    if (exit->how == StepExit::How::exited && !exit->detail.empty())
      request.log->line("[quietgate: " + exit->detail + "]");
    if (outcome.outcome != Outcome::passed) co_return outcome;
  }
  co_return outcome;
}

Task<void> TestStage::look_at_reports(const StageRequest& request, const TestSpec& spec, StageOutcome& outcome) {
  std::function<Result<Judged>(const Disk::StopFlag&)> work = [checkout = request.checkout, glob = spec.junit,
                                                               directory = request.directory, secrets = request.secrets,
                                                               one_at_a_time = reports_](const Disk::StopFlag& stop) {
    return read_and_store(checkout, glob, directory, secrets, *one_at_a_time, stop);
  };
  auto judged = co_await disk_.run(std::move(work), *request.stop);
  if (judged) {
    judge_tests(request, *judged, outcome);
    co_return;
  }
  request.log->line(judged.error().message);
  if (outcome.outcome == Outcome::passed) outcome = quietgate::outcome_of(judged.error());
}

Task<void> TestStage::keep_files(const StageRequest& request, const TestSpec& spec, StageOutcome& outcome) {
  if (spec.artifacts.empty()) co_return;
  std::function<Result<KeptArtifacts>(const Disk::StopFlag&)> work =
      [checkout = request.checkout, globs = spec.artifacts, directory = request.directory,
       already = request.run_state->bytes_kept](const Disk::StopFlag& stop) {
        return keep_artifacts(checkout, globs, directory + "/artifacts", directory + "/artifacts.json", stop, already);
      };
  auto kept = co_await disk_.run(std::move(work), *request.stop);
  if (!kept) {
    request.log->line(kept.error().message);
    if (outcome.outcome == Outcome::passed) outcome = quietgate::outcome_of(kept.error());
    co_return;
  }
  for (const auto& warning : kept->warnings) request.log->line("artifacts: " + warning);
  request.log->line(std::to_string(kept->total.files) + " artifacts kept, " + std::to_string(kept->total.bytes) +
                    " bytes");
  if (!kept->incomplete.empty() && outcome.outcome == Outcome::passed) {
    outcome.outcome = Outcome::failed;
    outcome.reason = kept->incomplete;
    outcome.advice = "keep fewer files with `artifacts:`, or pack them: docs/limits.md lists the limits";
  }
  outcome.artifacts = kept->total;
}

Task<StageOutcome> TestStage::run(StageRequest request) {
  const auto spec = spec_of<TestSpec>(request.spec.body);
  if (!spec.junit.empty()) {
    std::function<Result<void>(const Disk::StopFlag&)> work =
        [checkout = request.checkout, glob = spec.junit, memory = memory_of_reports(request)](
            const Disk::StopFlag& stop) { return remember_reports(checkout, glob, memory, stop); };
    auto remembered = co_await disk_.run(std::move(work), *request.stop);
    if (!remembered) co_return quietgate::outcome_of(remembered.error());
  }
  auto outcome = co_await run_commands(request, spec);
  if (outcome.outcome != Outcome::error && !spec.junit.empty()) co_await look_at_reports(request, spec, outcome);
  co_await keep_files(request, spec, outcome);
  outcome.reason = masked(std::move(outcome.reason), request.secrets);
  co_return outcome;
}

}  // namespace quietgate
