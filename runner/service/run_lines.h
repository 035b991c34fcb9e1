// What the service's own log tells of runs: that one was asked for, that one ended, and why a push runs nothing.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "runner/base/task.h"
#include "runner/ports/journal.h"

namespace quietgate {

class RunLines {
 public:
  // The row's line; nothing of rows that are not told. Rows come in their order.
  std::optional<std::string> of(const Row& row);

 private:
  std::map<RunId, Time> asked_;  // when the runs were asked for that have not ended
};

// Tells the rows that come from now on, until stopped; throws Stopped.
Task<void> tell_runs(Journal& journal, std::function<void(const std::string& line)> say, Stop& stop);

}  // namespace quietgate
