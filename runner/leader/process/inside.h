// The first process of a step inside its sandbox: it becomes the step's user, starts the step and tells the leader how
// that ended. Processes whose parents are gone are its children. The sandbox ends with it.
//
//   leader --> bwrap --> this --> the step
#pragma once

#include <cstdint>

namespace quietgate {

// What both ends of the socket send.
struct InsideWord {
  enum Kind : std::int32_t {
    runs,     // to the leader: the step's program is being executed, or there is none to execute
    failed,   // likewise: it is not; `value` is a StartFailure::What, `error` an errno
    ended,    // likewise: `value` is its status as waitpid tells it
    signal_,  // to this: `value` goes to the step's group, with SIGCONT; a sandbox without a step ends
  };
  std::int32_t kind = runs;
  std::int32_t value = 0;
  std::int32_t error = 0;
};

// The descriptors that it has, by number.
namespace inside {
constexpr int socket = 3;
constexpr int order = 4;
constexpr int program = 5;  // its own
constexpr int output = 6;
constexpr int error_output = 7;
constexpr int first_other = 8;  // of who made the sandbox
constexpr const char* argument = "inside";
}  // namespace inside

int be_inside();

}  // namespace quietgate
