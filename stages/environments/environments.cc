#include "stages/environments/environments.h"

#include <filesystem>
#include <memory>

#include "stages/attempt/step.h"
#include "stages/environments/background_removal.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr Milliseconds resident_grace{5'000};

// An update that was interrupted between its two renames.
void restore_checkout(const EnvironmentFolder& folder) {
  std::error_code error;
  if (fs::exists(folder.checkout(), error)) return;
  for (const char* other : {".old", ".new"}) {
    if (!fs::exists(folder.checkout() + other, error)) continue;
    fs::rename(folder.checkout() + other, folder.checkout(), error);
    return;
  }
}

}  // namespace

Task<Result<void>> Environments::destroy(EnvironmentSummary environment, Stop& stop) {
  EnvironmentFolder folder{folder_ + "/" + environment.id};
  if (environment.id.empty() || environment.id.find('/') != std::string::npos || environment.id.starts_with('.')) {
    co_return infrastructure_error("\"" + environment.id + "\" is not the id of an environment");
  }
  std::error_code error;
  if (fs::exists(folder.descriptor(), error)) {
    auto known = load_environment(folder);
    if (!known) co_return Result<void>(known.error());
    // A step whose runner went may still be making what is to be destroyed.
    const StepOwner maker = AttemptOwner{{known->run, known->stage, known->attempt}};
    if (auto ended = co_await end_steps(steps_, maker, stop); !ended) co_return ended;
    restore_checkout(folder);
    const auto* kind = find_provisioner(provisioners_, known->provisioner);
    if (kind == nullptr)
      co_return infrastructure_error("environment " + environment.id + " was created by `" + known->provisioner +
                                         "`, which this quietgate does not know",
                                     "destroy it with the version that created it");
    const auto provisioner = kind->make(steps_, http_, clock_);
    auto destroyed = co_await provisioner->destroy(*known, folder, stop);
    if (!destroyed) {
      auto problem = destroyed.error();
      co_return infrastructure_error(masked(problem.message, known->secrets), problem.advice);
    }
  }
  auto ended = co_await residents_.end(folder.data(), resident_grace, stop);
  if (!ended) co_return ended;
  // The step that holds the shared process ids ends last, and with it every process that is left.
  for (int number = 1;; ++number) {
    const StepOwner sandbox = EnvironmentOwner{environment.id, sandbox_part, std::to_string(number)};
    const auto holders = steps_.steps(sandbox);
    if (!holders) co_return holders.error();
    if (holders->empty()) break;
    ended = co_await end_steps(steps_, sandbox, stop);
    if (!ended) co_return ended;
  }
  co_return co_await remove_tree_in_background(disk_, folder.root, stop);
}

}  // namespace quietgate
