#include "runner/adapters/local_steps/local_residents.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>

namespace quietgate {

namespace {

constexpr std::size_t max_environ = 4UL * 1024 * 1024;

bool lives_in(pid_t process, const std::string& wanted) {
  std::ifstream file("/proc/" + std::to_string(process) + "/environ", std::ios::binary);
  std::string variable;
  for (std::size_t total = 0; total < max_environ && std::getline(file, variable, '\0'); total += variable.size()) {
    if (variable == wanted) return true;
  }
  return false;
}

std::string variable_of(const std::string& directory) {
  return "QUIETGATE_ENVIRONMENT_DIRECTORY=" + directory;
}

// A handle first, then the look at who it is: the process id can't have passed to another meanwhile.
void signal_resident(pid_t process, const std::string& directory, int signal) {
  int handle = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  if (handle < 0) return;
  if (lives_in(process, variable_of(directory))) ::syscall(SYS_pidfd_send_signal, handle, signal, nullptr, 0);
  ::close(handle);
}

Task<bool> gone_within(const std::string& directory, Clock& clock, Milliseconds span, Stop& stop) {
  constexpr Milliseconds step{50};
  for (Milliseconds waited{0};; waited += step) {
    if (residents_of(directory).empty()) co_return true;
    if (waited >= span) co_return false;
    co_await clock.sleep(step, stop);
  }
}

}  // namespace

std::vector<pid_t> residents_of(const std::string& directory) {
  std::vector<pid_t> found;
  std::error_code error;
  auto wanted = variable_of(directory);
  for (std::filesystem::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    auto name = at->path().filename().string();
    pid_t process = 0;
    auto [rest, problem] = std::from_chars(name.data(), name.data() + name.size(), process);
    if (problem != std::errc() || rest != name.data() + name.size() || process == ::getpid()) continue;
    if (lives_in(process, wanted)) found.push_back(process);
  }
  return found;
}

Task<Result<void>> LocalResidents::end(std::string directory, Milliseconds grace, Stop& stop) {
  for (int signal : {SIGTERM, SIGKILL}) {
    for (auto process : residents_of(directory)) signal_resident(process, directory, signal);
    const bool gone = co_await gone_within(directory, clock_, grace, stop);
    if (gone) co_return Result<void>();
  }
  std::string list;
  for (auto process : residents_of(directory)) list += (list.empty() ? "" : ", ") + std::to_string(process);
  if (list.empty()) co_return Result<void>();
  co_return infrastructure_error("processes of the environment in " + directory + " can't be ended: " + list);
}

}  // namespace quietgate
