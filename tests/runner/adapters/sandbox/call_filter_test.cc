#include "runner/adapters/sandbox/call_filter.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace quietgate {
namespace {

// The errno that a call ends with behind the filter; 0: it is let through and succeeds; -1: there is no answer.
template <class Call>
int behind_filter(Call call) {
  const auto filter = call_filter();
  EXPECT_TRUE(filter.ok());
  std::vector<sock_filter> program(filter->size() / sizeof(sock_filter));
  std::memcpy(program.data(), filter->data(), program.size() * sizeof(sock_filter));
  const pid_t child = ::fork();
  if (child == 0) {
    struct sock_fprog loaded = {static_cast<unsigned short>(program.size()), program.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &loaded) != 0)
      ::_exit(255);
    errno = 0;
    ::_exit(call() < 0 ? errno : 0);
  }
  int how = 0;
  ::waitpid(child, &how, 0);
  return WIFEXITED(how) && WEXITSTATUS(how) != 255 ? WEXITSTATUS(how) : -1;
}

TEST(CallFilter, RefusesWhatReachesBeyondASandbox) {
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_mount, nullptr, "/", nullptr, 0, nullptr); }), EPERM);
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_bpf, 0, nullptr, 0); }), EPERM);
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_perf_event_open, nullptr, 0, 0, 0, 0); }), EPERM);
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_userfaultfd, 0); }), EPERM);
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_keyctl, 0, 0, 0, 0, 0); }), EPERM);
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_add_key, "user", "a", "b", 1, -2); }), EPERM);
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_open_by_handle_at, -1, nullptr, 0); }), EPERM);
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_kexec_load, 0, 0, nullptr, 0); }), EPERM);
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_finit_module, -1, "", 0); }), EPERM);
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_setns, -1, 0); }), EPERM);
}

TEST(CallFilter, RefusesNamespacesHoweverTheyAreAskedFor) {
  for (const int flag : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET}) {
    EXPECT_EQ(behind_filter([flag] { return ::syscall(SYS_unshare, flag); }), EPERM) << flag;
    EXPECT_EQ(behind_filter([flag] { return ::syscall(SYS_unshare, flag | CLONE_FS); }), EPERM) << flag;
    EXPECT_EQ(
        behind_filter([flag] { return ::syscall(SYS_clone, flag | SIGCHLD, nullptr, nullptr, nullptr, nullptr); }),
        EPERM)
        << flag;
  }
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
}

TEST(CallFilter, RefusesToTypeIntoATerminalWhateverStandsInTheUpperHalf) {
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_ioctl, 0, std::uint64_t{TIOCSTI}, "x"); }), EPERM);
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_ioctl, 0, std::uint64_t{TIOCSTI} | (1ULL << 32U), "x"); }), EPERM);
}

TEST(CallFilter, LetsThroughWhatBuildsDo) {
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_getpid); }), 0);
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_unshare, CLONE_FS); }), 0);
  EXPECT_EQ(behind_filter([] {
              const auto child = ::fork();
              if (child == 0) ::_exit(0);
              return child < 0 ? -1 : ::waitpid(child, nullptr, 0);
            }),
            0);
  EXPECT_EQ(behind_filter([] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }), ENOSYS);
}

}  // namespace
}  // namespace quietgate
