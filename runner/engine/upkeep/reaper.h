// Destroys environments when their run ends or their time to live is over, and retries until it succeeds.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "runner/ports/clock.h"
#include "runner/ports/journal.h"
#include "runner/ports/stage.h"

namespace quietgate {

class Reaper {
 public:
  using Say = std::function<void(const std::string& line)>;
  // The references must outlive the reaper.
  Reaper(Journal& journal, Catalog& catalog, Clock& clock, EnvironmentDestroyer& destroyer, Executor executor, Say say);

  // Destroys one environment and records the result. Two calls for one environment run one after the other; the second
  // finds nothing to do. Throws Stopped.
  Task<void> destroy(std::string environment, std::string cause, Stop& stop);
  // Looks after all environments until stopped; throws Stopped.
  Task<void> reap(Stop& stop);

 private:
  Task<void> look(Stop& stop);
  Task<Result<std::string>> due(const EnvironmentSummary& environment);  // why it must be destroyed; empty: it may stay

  Journal& journal_;
  Catalog& catalog_;
  Clock& clock_;
  EnvironmentDestroyer& destroyer_;
  Say say_;
  Bell freed_;
  std::set<std::string> busy_;
  std::map<std::string, Time> last_try_;
  std::map<std::string, Time> held_since_;  // overdue, but its run was releasing
  std::set<std::string> cancelled_;         // environments whose run was cancelled because their time was over
};

// Wait before try number `tries` + 1: 5 s doubled per try, at most 10 minutes.
Milliseconds destroy_delay(int tries);

}  // namespace quietgate
