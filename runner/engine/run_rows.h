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
  // What will be appended next.
  struct Intended {
    std::vector<Event> events;
    std::vector<RunRequested> runs;  // of this run's repository, without their numbers
    bool empty() const { return events.empty() && runs.empty(); }
  };
  // What rows brought that nobody had read yet.
  struct News {
    bool asking = false;                 // more or fewer stages wait for a person
    std::vector<RunId> newer_that_wait;  // newer runs that don't end this one, because it releases
  };

  // Both outlive it.
  RunRows(Journal& journal, Clock& clock, RunId run);

  const RunState& state() const { return state_; }

  // Reads on to where the journal's end was when it was asked, at least. Throws std::runtime_error when that can't be
  // read. Of this and append() one at a time.
  Task<News> catch_up();
  // Appends all or none, then catches up. Throws std::runtime_error when the journal can't be written or read.
  Task<News> append(std::vector<Event> events);
  // Likewise; the runs stand behind the events, and are numbered inside the append.
  Task<News> append(Intended rows);
  // Adds to what will be appended next, and takes it for true already: the next action is chosen by it.
  void intend(Event event, Intended& rows);

 private:
  Journal& journal_;
  Clock& clock_;
  RunState state_;
  std::int64_t cursor_ = 0;
};

}  // namespace quietgate
