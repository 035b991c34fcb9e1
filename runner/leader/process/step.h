// The step's main process: how it comes into being, with nothing inherited but what the order says.
#pragma once

#include <sys/types.h>

#include <string>

#include "runner/leader/order.h"

namespace quietgate {

// Ends of pipes; -1 where there is none.
struct Step {
  pid_t pid = -1;
  int gate = -1;        // a byte written here lets the process go on to exec; closing it unwritten ends it
  int failure = -1;     // end of file: it was exec'd. Otherwise one StepFailure
  int output = -1;      // what it prints (standard error alone, when there is a stdout_file)
  int raw_output = -1;  // its standard output, when there is a stdout_file
};

struct StepFailure {
  int error = 0;      // errno
  int directory = 0;  // 1: it was the working directory that could not be entered
};

// Forks the process, which waits at the gate. An empty text, or why it could not be done.
std::string fork_step(const LeaderOrder& order, Step& step);

// What to tell the user.
std::string describe(const StepFailure& failure, const LeaderOrder& order);

}  // namespace quietgate
