// The step's main process: how it comes into being, with nothing inherited but what the order says.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "runner/leader/order.h"

namespace quietgate {

// Ends of pipes, which don't block; -1 where there is none.
struct StepProcess {
  pid_t pid = -1;
  int output = -1;      // what it prints (standard error alone, when there is a stdout_file)
  int raw_output = -1;  // its standard output, when there is a stdout_file
};

struct StartFailure {
  enum class What { nothing, record, directory, program, killed, sandbox } what = What::nothing;
  int error = 0;        // errno, of directory and program
  std::string record;   // why its record could not be written: it was not begun
  std::string sandbox;  // why there is none
};

// What a program that makes a sandbox is given from descriptor 3 on: these, and both ends of the step's output
// (standard output, standard error) between them.
struct SandboxDescriptors {
  std::vector<int> before;
  std::vector<int> after;
  int complaints = -1;  // its own standard error
};

// Makes the process, in the control group of that folder (a descriptor; -1: none); `record` is called in it, before it
// becomes the step's program, and answers an empty text or why it must not. Returns when the program is being executed,
// or with the failure when there is none. An empty text, or why no process could be made.
std::string start_step(const LeaderOrder& order, int group, const std::function<std::string(pid_t)>& record,
                       StepProcess& step, StartFailure& failure, const SandboxDescriptors* sandbox = nullptr);

// What to tell the user.
std::string describe(const StartFailure& failure, const LeaderOrder& order);

}  // namespace quietgate
