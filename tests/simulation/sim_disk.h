// The journal's rows as they are on the simulated disk, and who looks at each as it is committed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runner/ports/journal.h"

namespace quietgate {

struct SimDisk {
  std::vector<Row> rows;                                   // as parsed back from their JSON
  std::function<void(const std::vector<Row>&)> committed;  // called once per append, with its rows; may be unset
  std::uint64_t digest = 0xcbf29ce484222325ULL;            // of all rows: equal for equal histories

  // Throws std::runtime_error when an event can't be read back from its own JSON.
  void write(Time at, const std::vector<Event>& events);
};

}  // namespace quietgate
