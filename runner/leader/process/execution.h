// The last part of a new process's way to the step's program.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/leader/order.h"
#include "runner/leader/process/step_process.h"

namespace quietgate {

// Of an environment; where it names none, the usual one.
std::string_view path_of(const std::vector<std::string>& environment);

// What the kernel is asked to execute, made before there is a new process: nothing is allocated in it.
struct Execution {
  explicit Execution(const LeaderOrder& order);  // which outlives it
  std::vector<std::string> files;                // to try, in order
  std::vector<char*> argv;
  std::vector<char*> environment;
  std::vector<int> passed;  // descriptors that the program has from 3 on; none of them is so low a number
};

struct Refusal {
  StartFailure::What what = StartFailure::What::program;
  int error = 0;
};

// In the new process: signals as the kernel gives them, umask 022, the working directory, these two as standard output
// and error, and no other descriptor but what is passed; then it is the program. Returns only with why it is not.
Refusal execute(const LeaderOrder& order, const Execution& execution, int output, int error_output);

}  // namespace quietgate
