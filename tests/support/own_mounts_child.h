// A part of a test with a mount namespace of its own, in a child process: none of its mounts is left on the machine.
#pragma once

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <iostream>

namespace quietgate {

constexpr int no_mounts = 77;  // this process may not mount: what needs it is not tested

// Answers what `work` does in the child, or no_mounts.
inline int with_own_mounts(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      ::_exit(no_mounts);
    ::_exit(work());
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  if (WEXITSTATUS(status) == no_mounts) std::cerr << "NOT TESTED: what needs mounts (this user may not mount)\n";
  return WEXITSTATUS(status);
}

}  // namespace quietgate
