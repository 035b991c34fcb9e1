#include "runner/ports/process.h"

#include <cstring>

namespace quietgate {

std::string record_of(const std::string& name) {
  return name + record_ending;
}

std::string describe(const ProcessExit& exit) {
  switch (exit.how) {
    case ProcessExit::How::exited:
      return "exit status " + std::to_string(exit.code);
    case ProcessExit::How::signalled: {
      const char* name = sigabbrev_np(exit.code);
      return "killed by " + (name == nullptr ? "signal " + std::to_string(exit.code) : "SIG" + std::string(name));
    }
    case ProcessExit::How::not_started:
      return "could not be started: " + exit.detail;
    case ProcessExit::How::leader_died:
      return "leader died: " + exit.detail;
  }
  return "ended in an unknown way";
}

}  // namespace quietgate
