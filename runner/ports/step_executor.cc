#include "runner/ports/step_executor.h"

#include <cstring>

namespace quietgate {

std::string describe(const StepExit& exit) {
  switch (exit.how) {
    case StepExit::How::exited:
      return "exit status " + std::to_string(exit.code);
    case StepExit::How::signalled: {
      const char* name = sigabbrev_np(exit.code);
      return "killed by " + (name == nullptr ? "signal " + std::to_string(exit.code) : "SIG" + std::string(name));
    }
    case StepExit::How::not_started:
      return "could not be started: " + exit.detail;
    case StepExit::How::leader_died:
      return "leader died: " + exit.detail;
  }
  return "ended in an unknown way";
}

Task<Result<void>> end_steps(StepExecutor& steps, StepOwner owner, Stop& stop) {
  auto names = steps.steps(owner);
  if (!names) co_return names.error();
  Result<void> all;
  for (auto& name : *names) {
    auto ended = co_await steps.end(std::move(name), stop);
    if (!ended) all = ended.error();
  }
  co_return all;
}

Result<std::string> read_whole(StepExecutor& steps, const StepText& text, std::size_t most) {
  auto whole = steps.read(text, 0, most + 1);
  if (whole.size() > most)
    return infrastructure_error("what " + to_string(StepName{text.owner, text.step}) + " printed is more than " +
                                std::to_string(most) + " bytes");
  return whole;
}

std::string read_end(StepExecutor& steps, const StepText& text, std::size_t most) {
  auto last = steps.read(text, -static_cast<std::int64_t>(most), most);
  if (last.size() == most) {
    const auto line = last.find('\n');
    if (line != std::string::npos) last.erase(0, line + 1);
  }
  return last;
}

}  // namespace quietgate
