// Lets go of old runs, a few at a time, for as long as the service runs.
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
  // The journal forgets a run first, then its files go: a crash between the two leaves files, which `sweep_files` of
  // the composition root finds at the next start.
  Retention(Archive& archive, Clock& clock, RetentionRule rule, RemoveFiles remove_files, Say say);

  // Never returns but by Stopped.
  Task<void> keep_house(Stop& stop);
  // One look at everything that has expired by now.
  Task<void> look(Stop& stop);

 private:
  Archive& archive_;
  Clock& clock_;
  RetentionRule rule_;
  RemoveFiles remove_files_;
  Say say_;
};

}  // namespace quietgate
