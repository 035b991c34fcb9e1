#include "runner/adapters/sandbox/call_filter.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/tiocl.h>
#include <cerrno>
#include <cstring>
#include <memory>

#include "runner/base/descriptor.h"

namespace quietgate {

namespace {

// By name, since headers and libseccomp know different ones: a call that one machine lacks can't be made there either.
constexpr const char* refused[] = {
    // the machine itself
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "create_module", "reboot",
    "swapon", "swapoff", "acct", "iopl", "ioperm", "settimeofday", "clock_settime", "stime", "syslog", "vhangup",
    "quotactl", "quotactl_fd", "nfsservctl", "lookup_dcookie", "uselib",
    // the kernel's own programs, and ways to slow it down at a chosen place
    "bpf", "perf_event_open", "userfaultfd",
    // keys, which namespaces don't part
    "add_key", "request_key", "keyctl",
    // files by number, whatever is mounted over them
    "open_by_handle_at", "fanotify_init",
    // mounts and other namespaces
    "mount", "umount", "umount2", "pivot_root", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick",
    "mount_setattr", "setns"};
// Those can't be looked at: their arguments are behind a pointer, or queued past the filter.
constexpr const char* absent[] = {"clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"};

constexpr std::uint64_t low_half = 0xFFFFFFFF;  // of an argument: the kernel looks at no more of these
constexpr std::uint64_t namespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

using Context = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

Error no_filter(const char* what, int error) {
  return infrastructure_error(std::string("the filter of system calls can't be made: ") + what + ": " +
                              std::strerror(error));
}

// A user namespace gives its maker every capability in it, and with that the kernel's least tried code.
int refuse_namespaces(scmp_filter_ctx filter) {
  for (std::uint64_t flag = 1; flag <= namespaces; flag <<= 1U) {
    if ((namespaces & flag) == 0) continue;
    for (const char* call : {"clone", "unshare"}) {
      const auto number = seccomp_syscall_resolve_name(call);
      const scmp_arg_cmp flags{0, SCMP_CMP_MASKED_EQ, flag, flag};
      if (const int added = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), number, 1, &flags); added != 0)
        return added;
    }
  }
  return 0;
}

// Would type into a terminal that somebody else reads.
int refuse_typing(scmp_filter_ctx filter) {
  for (const std::uint64_t request : {std::uint64_t{TIOCSTI}, std::uint64_t{TIOCLINUX}}) {
    const scmp_arg_cmp asked{1, SCMP_CMP_MASKED_EQ, low_half, request};
    const int added =
        seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), seccomp_syscall_resolve_name("ioctl"), 1, &asked);
    if (added != 0) return added;
  }
  return 0;
}

int fill(scmp_filter_ctx filter) {
  // Programs of 32 bits are refused the same; of other kinds every call is.
  if (seccomp_arch_native() == SCMP_ARCH_X86_64) {
    if (const int added = seccomp_arch_add(filter, SCMP_ARCH_X86); added != 0) return added;
  }
  if (const int set = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)); set != 0) return set;
  for (const char* call : refused) {
    const auto number = seccomp_syscall_resolve_name(call);
    if (number == __NR_SCMP_ERROR) continue;
    if (const int added = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0); added != 0) return added;
  }
  for (const char* call : absent) {
    const auto number = seccomp_syscall_resolve_name(call);
    if (number == __NR_SCMP_ERROR) continue;
    if (const int added = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0); added != 0) return added;
  }
  if (const int added = refuse_namespaces(filter); added != 0) return added;
  return refuse_typing(filter);
}

}  // namespace

Result<std::string> call_filter() {
  const Context filter(seccomp_init(SCMP_ACT_ALLOW), seccomp_release);
  if (!filter) return no_filter("no memory", ENOMEM);
  if (const int filled = fill(filter.get()); filled != 0) return no_filter("a rule", -filled);
  const Descriptor file(::memfd_create("quietgate-filter", MFD_CLOEXEC));
  if (!file) return no_filter("no file in memory", errno);
  if (const int written = seccomp_export_bpf(filter.get(), file.get()); written != 0)
    return no_filter("export", -written);
  std::string program(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)), '\0');
  if (::pread(file.get(), program.data(), program.size(), 0) != static_cast<ssize_t>(program.size()))
    return no_filter("it can't be read", errno);
  return program;
}

}  // namespace quietgate
