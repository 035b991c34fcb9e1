// The limit on the disk space of one attempt's tree. An attempt that exceeds it ends, before it takes the space of all
// others.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runner/ports/attempt_trees.h"
#include "runner/ports/clock.h"
#include "runner/ports/disk_gauge.h"

namespace quietgate {

class TreeLimit {
 public:
  using Say = std::function<void(const std::string& line)>;
  // All must outlive it.
  TreeLimit(DiskGauge& gauge, const AttemptTrees& trees, Clock& clock, Executor executor, std::uint64_t bytes, Say say);

  // A running attempt, while the result of enter() exists.
  struct Running {
    std::string name;       // `hello/7, unit`
    std::string directory;  // the attempt's
    std::function<void(const std::string& why)> end;
    bool ended = false;
  };
  using Entry = std::shared_ptr<Running>;
  Entry enter(Running attempt);

  // Runs until stopped; throws Stopped. Measures every 5 s while something runs, or at ten times the duration of the
  // last measurement.
  Task<void> watch(Stop& stop);

 private:
  Task<void> look(Stop& stop);
  std::vector<Entry> running();

  DiskGauge& gauge_;
  const AttemptTrees& trees_;
  Clock& clock_;
  std::uint64_t bytes_;
  Say say_;
  Bell entered_;
  std::vector<std::weak_ptr<Running>> running_;
};

}  // namespace quietgate
