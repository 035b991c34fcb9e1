// Descriptors that become readable: sockets with something to say, and processes (pidfds) at their end.
#pragma once

#include "runner/base/task.h"

namespace quietgate {

bool is_readable(int fd);
// True when the descriptor is or became readable; false when `stop` (none: null) was requested or `most` has passed
// before. Needs no other descriptor. The caller owns `fd`, keeps it open until the end, and waits for it only once at a
// time.
Task<bool> readable(Executor executor, int fd, Stop* stop, Milliseconds most);

}  // namespace quietgate
