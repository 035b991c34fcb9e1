#include "runner/adapters/local_steps/noted_processes.h"

#include <charconv>
#include <optional>

namespace quietgate {

namespace {

struct Attempt {
  RunId run;
  std::string name;  // `<stage>.<attempt>`
};

std::optional<Attempt> attempt_of(const std::string& step, const std::string& runs) {
  if (step.rfind(runs + "/", 0) != 0) return std::nullopt;
  const auto rest = step.substr(runs.size() + 1);
  const auto repository = rest.find('/');
  const auto number = repository == std::string::npos ? repository : rest.find('/', repository + 1);
  const auto name = number == std::string::npos ? number : rest.find('/', number + 1);
  if (name == std::string::npos) return std::nullopt;
  Attempt attempt{{rest.substr(0, repository), 0}, rest.substr(number + 1, name - number - 1)};
  std::from_chars(rest.data() + repository + 1, rest.data() + number, attempt.run.number);
  if (attempt.run.number <= 0) return std::nullopt;
  return attempt;
}

}  // namespace

Task<Result<ProcessExit>> NotedProcesses::run(ProcessSpec spec, Stop& stop) {
  const auto attempt = attempt_of(spec.name, runs_);
  if (attempt) notes_.end(attempt->run, attempt->name);
  auto exit = co_await real_.run(std::move(spec), stop);
  if (attempt) notes_.begin(attempt->run, attempt->name);
  co_return exit;
}

}  // namespace quietgate
