// Removes old runs, a few at a time, while the service runs.
#pragma once

#include <functional>
#include <string>

#include "runner/ports/archive.h"
#include "runner/ports/clock.h"

namespace quietgate {

class Retention {
 public:
  // Removes the run's logs, artifacts and other files; may take long.
  using RemoveFiles = std::function<Task<Result<void>>(RunId run, Stop& stop)>;
  using Say = std::function<void(const std::string&)>;
  // The journal removes a run first, then its files are removed. A crash in between leaves files, which the next start
  // removes.
  Retention(Archive& archive, Clock& clock, RetentionRule rule, RemoveFiles remove_files, Say say);

  // Runs until stopped; throws Stopped.
  Task<void> expire_runs(Stop& stop);
  // Removes everything that has expired by now, once.
  Task<void> look(Stop& stop);

 private:
  Archive& archive_;
  Clock& clock_;
  RetentionRule rule_;
  RemoveFiles remove_files_;
  Say say_;
};

}  // namespace quietgate
