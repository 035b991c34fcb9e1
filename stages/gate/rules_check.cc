#include "stages/gate/rules_check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "runner/base/plain_file.h"
#include "stages/gate/firing_needs.h"

namespace quietgate {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_words = 8'000;  // bytes of promtool's output that are told
constexpr std::size_t most_test_files = 200;
constexpr std::uintmax_t most_test_bytes = 4 * 1024 * 1024;
constexpr const char* check_patience = "60";  // seconds
constexpr int tool_tries = 3;

struct CheckedRules {
  std::set<std::string> files;  // relative to the checkout
  std::vector<std::string> problems;
};

void add_problem(CheckedRules& checked, const std::string& problem) {
  if (std::find(checked.problems.begin(), checked.problems.end(), problem) == checked.problems.end())
    checked.problems.push_back(problem);
}

// Globs that only the run can resolve are left to the gate.
bool are_known(const std::vector<std::string>& globs) {
  return std::none_of(globs.begin(), globs.end(),
                      [](const auto& glob) { return glob.find("${{") != std::string::npos; });
}

Result<CheckedRules> check_here(const Plan& plan, const std::string& checkout, CommittedRules& committed) {
  CheckedRules checked;
  for (const auto& stage : plan.stages) {
    const auto* gate = gate_of(stage);
    if (gate == nullptr) continue;
    const auto& globs = gate->rules;
    if (!are_known(globs)) continue;
    auto rules = committed.read(checkout, globs);
    if (!rules) {
      if (rules.error().kind != ErrorKind::user) return rules.error();
      add_problem(checked, rules.error().message);
      continue;
    }
    for (const auto& rule : *rules) checked.files.insert(rule.file);
    for (const auto& problem : firing_problems(plan, stage.name, *gate, *rules)) add_problem(checked, problem);
  }
  return checked;
}

bool is_promtool_test(const fs::path& file) {
  std::error_code wrong;
  if (!fs::is_regular_file(fs::symlink_status(file, wrong)) || fs::file_size(file, wrong) > most_test_bytes)
    return false;
  std::istringstream in(read_plain(file, 0, most_test_bytes));
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("rule_files:")) return true;
  }
  return false;
}

// Relative to the checkout, in the folders of the rule files.
std::vector<std::string> tests_beside(const std::set<std::string>& rule_files, const fs::path& checkout) {
  std::set<fs::path> folders;
  for (const auto& file : rule_files) folders.insert((checkout / file).parent_path());
  std::vector<std::string> tests;
  for (const auto& folder : folders) {
    std::error_code wrong;
    for (fs::directory_iterator at(folder, wrong), end; !wrong && at != end; at.increment(wrong)) {
      const auto kind = at->path().extension();
      if ((kind != ".yml" && kind != ".yaml") || !is_promtool_test(at->path())) continue;
      if (tests.size() < most_test_files) tests.push_back(at->path().lexically_relative(checkout).generic_string());
    }
  }
  std::sort(tests.begin(), tests.end());
  return tests;
}

bool is_on(std::string path, const std::string& program) {
  while (!path.empty()) {
    const auto colon = path.find(':');
    if (::access((path.substr(0, colon) + "/" + program).c_str(), X_OK) == 0) return true;
    path = colon == std::string::npos ? "" : path.substr(colon + 1);
  }
  return false;
}

// Absolute names: a file that is called `--help` is no option.
std::vector<std::string> named(const char* verb, const std::string& checkout, const auto& files) {
  std::vector<std::string> words{verb, "rules"};
  for (const auto& file : files) words.push_back(checkout + "/" + file);
  return words;
}

Error refusal(const std::vector<std::string>& problems) {
  return user_error(
      fmt::format("{}", fmt::join(problems, "\n")),
      "correct the alert rules, or change the gate's `during`, `quiet_for` and `layers` or the load's `duration`");
}

}  // namespace

bool RulesCheck::concerns(const Plan& plan) const {
  return std::any_of(plan.stages.begin(), plan.stages.end(), [](const StageSpec& stage) {
    const auto* gate = gate_of(stage);
    return gate != nullptr && !gate->rules.empty();
  });
}

// A tool whose leader was killed is asked again: it has changed nothing, and no `retry` of the pipeline is about it.
Task<Result<std::string>> RulesCheck::promtool(std::vector<std::string> words, StepName name, Stop& stop) {
  for (int tries = 1;; ++tries) {
    auto again = words;
    StepName step{name.owner, name.step + "-" + std::to_string(tries)};
    bool killed = false;
    auto said = co_await promtool_once(std::move(again), std::move(step), killed, stop);
    if (!killed || tries == tool_tries) co_return said;
  }
}

Task<Result<std::string>> RulesCheck::promtool_once(std::vector<std::string> words, StepName name, bool& killed,
                                                    Stop& stop) {
  StepSpec step;
  step.argv = {"timeout", "-k", "5", check_patience, "promtool"};
  step.argv.insert(step.argv.end(), words.begin(), words.end());
  step.environment = environment_;
  const auto log = log_of(name);
  step.log = log;
  step.name = std::move(name);
  auto exit = co_await steps_.run(std::move(step), stop);
  if (!exit) co_return exit.error();
  killed = exit->how == StepExit::How::leader_died || exit->how == StepExit::How::not_started;
  if (exit->succeeded()) co_return std::string();
  if (exit->how != StepExit::How::exited) co_return infrastructure_error("promtool " + describe(*exit));
  if (exit->code == 124) co_return fmt::format("promtool {} rules took more than {} s", words[0], check_patience);
  auto said = steps_.read(log, 0, most_words);
  // Parts of the files reach the terminal this way.
  std::erase_if(said, [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\n') || c == 127; });
  while (!said.empty() && said.back() == '\n') said.pop_back();
  co_return fmt::format("promtool {} rules refuses them ({}):\n{}", words[0], describe(*exit), said);
}

// With many files that takes long. What can't be found is told by who asks next.
Task<void> RulesCheck::look_for_files(const Plan& plan, std::string checkout, CommittedRules& committed, Stop& stop) {
  for (const auto& stage : plan.stages) {
    const auto* gate = gate_of(stage);
    if (disk_ == nullptr || gate == nullptr || !are_known(gate->rules)) continue;
    if (committed.knows_files(checkout, gate->rules)) continue;
    std::function<Result<std::vector<std::string>>(const Disk::StopFlag&)> work =
        [checkout, globs = gate->rules](const Disk::StopFlag& flag) { return rule_files(checkout, globs, &flag); };
    auto files = co_await disk_->run(std::move(work), stop);
    if (files) committed.know_files(checkout, gate->rules, std::move(*files));
  }
}

Task<Result<void>> RulesCheck::forget(StepOwner owner, Stop& stop) {
  if (auto ended = co_await end_steps(steps_, owner, stop); !ended) co_return ended;
  auto known = steps_.steps(owner);
  if (!known) co_return known.error();
  for (const auto& name : *known) steps_.forget(name);
  co_return Result<void>();
}

Task<Result<void>> RulesCheck::check(Plan plan, std::string checkout, Stop& stop) {
  CommittedRules own;
  auto& committed = committed_ == nullptr ? own : *committed_;
  co_await look_for_files(plan, checkout, committed, stop);
  auto checked = check_here(plan, checkout, committed);
  if (!checked) co_return checked.error();
  if (!checked->problems.empty()) co_return refusal(checked->problems);
  const auto path = environment_.find("PATH");
  const bool has_tool = path != environment_.end() && is_on(path->second, "promtool") && is_on(path->second, "timeout");
  if (checked->files.empty() || !has_tool) co_return Result<void>();
  const StepOwner owner = PlanCheckOwner{plan.run};
  if (auto earlier = co_await forget(owner, stop); !earlier) co_return earlier;
  auto words = named("check", checkout, checked->files);
  StepName tool{owner, "check"};
  auto refused = co_await promtool(std::move(words), tool, stop);
  const auto tests = tests_beside(checked->files, checkout);
  if (refused && refused->empty() && !tests.empty()) {
    words = named("test", checkout, tests);
    tool.step = "test";
    refused = co_await promtool(std::move(words), tool, stop);
  }
  const auto forgotten = co_await forget(owner, stop);
  if (!refused) co_return refused.error();
  if (!forgotten) co_return forgotten;
  if (refused->empty()) co_return Result<void>();
  // Files are named as in the repository.
  const auto prefix = checkout + "/";
  for (auto at = refused->find(prefix); at != std::string::npos; at = refused->find(prefix, at))
    refused->erase(at, prefix.size());
  const std::vector<std::string> problems(1, *refused);
  co_return refusal(problems);
}

}  // namespace quietgate
