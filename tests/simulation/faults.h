// What goes wrong in one simulation, and how often. Each seed has its own mixture: a fault that is always there hides
// what only shows without it.
#pragma once

#include "tests/simulation/dice.h"

namespace quietgate {

struct Faults {
  // Probabilities per call.
  double lost_request = 0;  // of the remote or the metrics server: no effect, no answer
  double lost_answer = 0;   // the effect happened, the answer did not arrive
  double late_push = 0;     // a push whose caller gave up, and which arrives later nevertheless
  double raced_push = 0;    // somebody else moves production just before a push of it arrives
  double slow_answer = 0;   // tens of seconds instead of tens of milliseconds
  double spawn_fails = 0;
  double foreign_record = 0;  // somebody has put one that says "exit status 0" in the place of a step that begins
  double destroy_fails = 0;
  double workspace_fails = 0;
  double read_fails = 0;  // of the journal
  // Per append.
  double crash_before_commit = 0;
  double crash_after_commit = 0;
  // Mean handlers of the service between two crashes; 0: none.
  std::int64_t crash_every = 0;
  // Mean time between two of each; zero: none.
  Milliseconds leader_dies{0};
  Milliseconds clock_jumps{0};
  Milliseconds disk_fills{0};
  Milliseconds network_ends{0};  // all of it, for a while
  Milliseconds stops{0};         // SIGTERM, as an upgrade does
  Milliseconds longest_jump{0};

  static Faults drawn(Dice& dice);
};

}  // namespace quietgate
