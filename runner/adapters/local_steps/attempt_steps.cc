#include "runner/adapters/local_steps/attempt_steps.h"

namespace quietgate {

Task<Result<void>> AttemptSteps::end_steps(std::string attempt_directory, Stop& stop) {
  // Not what is below other folders: artifacts may have any name.
  const std::pair<std::string, int> places[] = {{attempt_directory, 0}, {attempt_directory + "/steps", 1}};
  Result<void> all;
  for (const auto& [folder, levels] : places) {
    auto steps = processes_.steps_in(folder, levels);
    if (!steps) co_return steps.error();
    // Each of them, whatever became of the others.
    for (auto& step : *steps) {
      auto ended = co_await processes_.end(std::move(step), stop);
      if (!ended) all = ended.error();
    }
  }
  co_return all;
}

}  // namespace quietgate
