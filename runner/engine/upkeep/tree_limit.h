// The most that one attempt's tree may take on the disk: an attempt that takes more ends, before it takes all of the
// others' space.
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
  // All outlive it.
  TreeLimit(DiskGauge& gauge, const AttemptTrees& trees, Clock& clock, Executor executor, std::uint64_t bytes, Say say);

  // An attempt that runs, as long as whoever entered it holds what enter() answers.
  struct Running {
    std::string name;       // `hello/7, unit`
    std::string directory;  // the attempt's
    std::function<void(const std::string& why)> end;
    bool ended = false;
  };
  using Entry = std::shared_ptr<Running>;
  Entry enter(Running attempt);

  // Never returns but by Stopped. Looks every 5 s while something runs, or ten times as long as the last look took.
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
