// A step in a sandbox, as its leader sees it: the program that makes the sandbox, and the first process inside of it
// (inside.h), which tells how the step does.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "runner/leader/order.h"
#include "runner/leader/process/step_process.h"

namespace quietgate {

class SandboxedStep {
 public:
  // As start_step(), and returns when the step's program is being executed inside, or with the failure.
  std::string start(const LeaderOrder& order, int group, const std::function<std::string(pid_t)>& record,
                    StepProcess& step, StartFailure& failure);
  // Where it tells; -1: nobody is there.
  int fd() const { return socket_; }
  // How the step ended, as waitpid tells it, once it has. Never waits.
  std::optional<int> hear();
  // To the step's process group, and SIGCONT.
  void signal(int signal) const;
  // Whether a process is the sandbox's own, not the step's.
  bool owns(pid_t process) const { return own_.contains(process); }

 private:
  struct Ends;
  std::string open(const LeaderOrder& order, Ends& ends);
  void await_begin(const Ends& ends, StepProcess& step, StartFailure& failure);
  void know(pid_t first);
  void leave();

  int socket_ = -1;
  std::set<pid_t> own_;
};

}  // namespace quietgate
