#include "stages/attempt/step.h"

#include <algorithm>
#include <filesystem>

#include "runner/base/path_inside.h"
#include "runner/base/text.h"
#include "stages/attempt/shell.h"

namespace quietgate {

Result<StepSpec> step_of(const Command& command, const std::string& root, StepName name, Environment environment) {
  auto directory = path_inside(root, command.directory);
  if (!directory) return directory.error();
  std::error_code error;
  if (!std::filesystem::is_directory(*directory, error)) {
    return user_error("the working directory \"" + command.directory + "\" does not exist in the checkout");
  }
  StepSpec spec;
  if (command.argv.empty() && command.shell.empty()) return user_error("the command is empty");
  spec.name = std::move(name);
  spec.environment = std::move(environment);
  spec.tree = *directory;
  spec.argv = command.argv;
  if (!command.argv.empty()) return spec;
  auto program = program_of({command.shell, command.interpreter, spec.environment});
  if (!program) return program.error();
  spec.argv = std::move(program->argv);
  spec.script = std::move(program->script);
  return spec;
}

Result<StepSpec> step_of(const Command& command, const StageRequest& request, const std::string& step) {
  auto spec = step_of(command, request.checkout, {AttemptOwner{request.id()}, step}, request.environment);
  if (!spec) return spec;
  spec->nonce = request.nonce;
  spec->log = log_of(request.id());
  spec->secrets = request.secrets;
  return spec;
}

std::string environment_of(const StageRequest& request) {
  std::vector<std::string> all;
  std::vector<std::string> needed;
  for (const auto& [stage, state] : request.run_state->stages) {
    if (!state.environment || state.environment->gone) continue;
    all.push_back(state.environment->planned.environment);
    const auto& needs = request.spec.needs;
    if (std::find(needs.begin(), needs.end(), stage) != needs.end()) needed.push_back(all.back());
  }
  if (needed.size() == 1) return needed.front();
  return all.size() == 1 ? all.front() : std::string();
}

std::string command_line(const Command& command) {
  std::string text = command.shell;
  if (!command.argv.empty()) {
    text.clear();
    for (const auto& word : command.argv) text += (text.empty() ? "" : " ") + word;
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::string line;
  for (char c : text) {
    if (c == '\n') {
      line += "; ";
    } else {
      line += c;
    }
  }
  constexpr std::size_t limit = 200;
  if (line.size() <= limit) return line;
  return std::string(cut_to_bytes(line, limit)) + "...";
}

StageOutcome outcome_of(const Error& error) {
  StageOutcome outcome;
  outcome.outcome = error.kind == ErrorKind::infrastructure ? Outcome::error : Outcome::failed;
  outcome.reason = error.message;
  outcome.advice = error.advice;
  return outcome;
}

StageOutcome failed(std::string reason, std::string advice) {
  return outcome_of(step_error(std::move(reason), std::move(advice)));
}

std::string masked(std::string text, const std::vector<std::string>& secrets) {
  constexpr std::size_t shortest = 4;
  auto ordered = secrets;
  std::sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (const auto& secret : ordered) {
    if (secret.size() < shortest) continue;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
      text.replace(at, secret.size(), "***");
    }
  }
  return text;
}

}  // namespace quietgate
