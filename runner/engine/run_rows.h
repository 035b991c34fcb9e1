// Reads and appends the rows of one run, and folds them into its state.
#pragma once

#include <cstdint>
#include <vector>

#include "runner/model/state.h"
#include "runner/ports/clock.h"
#include "runner/ports/journal.h"

namespace quietgate {

class RunRows {
 public:
  // Events and runs to append next.
  struct Intended {
    std::vector<Event> events;
    std::vector<RunRequested> runs;  // in this run's repository, without numbers
    bool empty() const { return events.empty() && runs.empty(); }
  };
  // Changes that newly read rows brought.
  struct News {
    bool asking = false;                 // the number of stages that wait for a person changed
    std::vector<RunId> newer_that_wait;  // newer runs that wait, because this run is releasing
  };

  // Both outlive it.
  RunRows(Journal& journal, Clock& clock, RunId run);

  const RunState& state() const { return state_; }

  // Reads on to where the journal's end was when it was asked, at least. Throws std::runtime_error when that can't be
  // read. Of this and append() one at a time.
  Task<News> catch_up();
  // Appends all or none, then catches up. Throws std::runtime_error when the journal can't be written or read.
  Task<News> append(std::vector<Event> events);
  // The same, with runs after the events; the append numbers them.
  Task<News> append(Intended rows);
  // Adds an event to `rows` and folds it into the state at once, so that the next action takes it into account.
  void intend(Event event, Intended& rows);

 private:
  Journal& journal_;
  Clock& clock_;
  RunState state_;
  std::int64_t cursor_ = 0;
};

}  // namespace quietgate
