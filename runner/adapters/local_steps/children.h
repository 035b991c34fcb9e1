// Children of the runner that nobody waits for: leaders at their end, and what was made in vain. Each is reaped, also
// when the runner has no descriptor left to watch it by.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "runner/base/descriptor.h"
#include "runner/base/task.h"

namespace quietgate {

// Of a process (a pidfd) that has ended: reaps it if it is a child of ours, and says how it ended. Empty: not known.
std::string reap(int process);

class Children {
 public:
  explicit Children(Executor executor);
  ~Children();  // like leave()
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  // Reaps the process at its end. None, and one that is not ours, are left alone.
  void reap_at_end(Descriptor process);
  // Likewise, of a child that no descriptor could be had for: it is looked after from time to time.
  void reap_at_end(pid_t child);
  // Kills it first. It must be a child that was not reaped yet.
  void end(Descriptor process);
  void end(pid_t child);
  // Of a leader that is not wanted any more: its pid comes on this socket (told_pid), at its end at the latest.
  void reap_who_tells(Descriptor socket);
  // From now on they are left alone.
  void leave();

 private:
  struct Watch;
  std::shared_ptr<Watch> watch_;
};

}  // namespace quietgate
