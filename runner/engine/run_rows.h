// The rows of one run, and the state that they fold to: read from the journal, and written to it.
#pragma once

#include <cstdint>
#include <vector>

#include "runner/model/state.h"
#include "runner/ports/clock.h"
#include "runner/ports/journal.h"

namespace quietgate {

class RunRows {
 public:
  // What rows brought that nobody had read yet.
  struct News {
    bool asking = false;                 // more or fewer stages wait for a person
    std::vector<RunId> newer_that_wait;  // newer runs that don't end this one, because it releases
  };

  // Both outlive it.
  RunRows(Journal& journal, Clock& clock, RunId run);

  const RunState& state() const { return state_; }

  // Reads on to the journal's end. Throws std::runtime_error when that can't be read.
  News catch_up();
  // Appends all or none, then catches up. Throws std::runtime_error when the journal can't be written or read.
  News append(std::vector<Event> events);
  // Adds to what will be appended next, and takes it for true already: the next action is chosen by it.
  void intend(Event event, std::vector<Event>& events);

 private:
  Journal& journal_;
  Clock& clock_;
  RunState state_;
  std::int64_t cursor_ = 0;
};

}  // namespace quietgate
