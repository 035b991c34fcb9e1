#include "runner/adapters/sandbox/trial.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include "runner/base/descriptor.h"

namespace quietgate {

namespace {

constexpr int filter_number = 9;
constexpr int patience = 10'000;  // milliseconds
constexpr std::size_t most_words = 600;

std::string setting(const char* name) {
  std::ifstream file(std::string("/proc/sys/") + name);
  std::string value;
  file >> value;
  return value;
}

// What stands in the way most often, by the machine's own settings.
std::string remedy() {
  const std::string none = "; or, where every pipeline may do all that this user may, `isolation: none`";
  if (setting("kernel/unprivileged_userns_clone") == "0")
    return "as root: sysctl -w kernel.unprivileged_userns_clone=1" + none;
  if (setting("user/max_user_namespaces") == "0") return "as root: sysctl -w user.max_user_namespaces=10000" + none;
  if (setting("kernel/apparmor_restrict_unprivileged_userns") == "1")
    return "as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap" + none;
  return "a container needs --cap-add=SYS_ADMIN and a seccomp profile that allows namespaces" + none;
}

Error no_sandbox(std::string why) {
  if (why.empty()) why = "bubblewrap said nothing";
  return infrastructure_error("steps can't be kept apart on this machine: " + why, remedy());
}

std::string said(int fd) {
  std::string text(most_words, '\0');
  const auto got = ::read(fd, text.data(), text.size());
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

Result<void> try_sandbox(std::vector<std::string> argv, const std::string& filter) {
  argv.insert(argv.end(), {"--seccomp", std::to_string(filter_number), "--", "/usr/bin/true"});
  std::vector<char*> words;
  for (auto& word : argv) words.push_back(word.data());
  words.push_back(nullptr);
  const Descriptor file(::memfd_create("quietgate-filter", MFD_CLOEXEC));
  int ends[2];
  if (!file || ::write(file.get(), filter.data(), filter.size()) != static_cast<ssize_t>(filter.size()) ||
      ::lseek(file.get(), 0, SEEK_SET) != 0 || ::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return no_sandbox(std::strerror(errno));
  const Descriptor heard(ends[0]);
  Descriptor theirs(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), 2);
  ::posix_spawn_file_actions_adddup2(&actions, file.get(), filter_number);
  std::array<char*, 1> environment{nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, words.front(), &actions, nullptr, words.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  theirs.reset();
  if (error != 0) return no_sandbox(std::strerror(error));
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  struct pollfd polled = {process.get(), POLLIN, 0};
  const bool late = process && ::poll(&polled, 1, patience) == 0;
  if (late) ::kill(pid, SIGKILL);
  int how = 0;
  while (::waitpid(pid, &how, 0) < 0 && errno == EINTR) {
  }
  if (late) return no_sandbox("it took more than 10 s");
  if (WIFEXITED(how) && WEXITSTATUS(how) == 0) return {};
  return no_sandbox(said(heard.get()));
}

}  // namespace quietgate
