#include "runner/adapters/attempt_steps.h"

#include <filesystem>
#include <vector>

namespace quietgate {

namespace fs = std::filesystem;

Task<Result<void>> AttemptSteps::end_steps(std::string attempt_directory, Stop& stop) {
  const auto folder = attempt_directory + "/steps";
  std::vector<std::string> steps;
  std::error_code code;
  for (fs::directory_iterator at(folder, code), end; !code && at != end; at.increment(code)) {
    std::error_code ignored;
    if (at->is_directory(ignored)) steps.push_back(at->path().string());
  }
  if (code == std::errc::no_such_file_or_directory) co_return Result<void>{};
  if (code) {
    co_return infrastructure_error("can't read " + folder + ": " + code.message(),
                                   "check the disk and the permissions of the data directory");
  }
  // Each of them, whatever became of the others.
  Result<void> all;
  for (auto& step : steps) {
    auto ended = co_await processes_.end(std::move(step), stop);
    if (!ended) all = ended.error();
  }
  co_return all;
}

}  // namespace quietgate
