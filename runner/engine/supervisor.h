// Tails the journal and keeps one driver per unfinished run. Knows nothing of stages.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runner/engine/driver.h"
#include "runner/engine/repository.h"

namespace quietgate {

class Supervisor {
 public:
  // `parts` must outlive the supervisor.
  Supervisor(EngineParts& parts, std::vector<Repository> repositories);

  // Takes up every unfinished run, then follows the journal. At shutdown waits until all drivers left their stages,
  // then throws Stopped.
  Task<void> supervise(Stop& stop);

 private:
  void start(const RunId& run, Stop& stop);
  void ended(const RunId& run, std::exception_ptr error, Stop& stop);
  void on_row(const Row& row, Stop& stop);
  Result<void> start_unfinished(Stop& stop);
  void over_damage(const Error& damage, Stop& stop);
  Task<void> follow(Stop& stop);

  EngineParts& parts_;
  std::map<std::string, Repository> repositories_;
  std::map<RunId, std::unique_ptr<Driver>> drivers_;
  Bell ended_;
};

}  // namespace quietgate
