#include "runner/leader/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <unordered_set>

namespace quietgate {

namespace {

constexpr int last_field = 19;  // of /proc/PID/stat, that is read: the start
constexpr std::size_t most_environment = 4U << 20;

std::string read_proc(pid_t pid, const char* name, std::size_t most) {
  const auto path = "/proc/" + std::to_string(pid) + "/" + name;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; text.size() < most && (got = ::read(fd, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return text;
}

std::string_view next_word(std::string_view& rest) {
  const auto begin = std::min(rest.find_first_not_of(" \n"), rest.size());
  const auto end = std::min(rest.find_first_of(" \n", begin), rest.size());
  const auto word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

template <class T>
bool number(std::string_view word, T& value) {
  const auto* end = word.data() + word.size();
  const auto parsed = std::from_chars(word.data(), end, value);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

// Adds to `found` whatever of `all` has a parent in it, until nothing is added.
void add_children(const std::vector<ProcessStat>& all, std::unordered_set<pid_t>& found) {
  for (bool grew = true; grew;) {
    grew = false;
    for (const auto& process : all) {
      if (found.contains(process.parent)) grew |= found.insert(process.pid).second;
    }
  }
}

ProcessFamily family_of(std::vector<ProcessStat> all, const std::unordered_set<pid_t>& found) {
  std::unordered_set<pid_t> groups;
  for (const auto& process : all) {
    if (found.contains(process.pid) && process.group > 1) groups.insert(process.group);
  }
  for (const auto& process : all) {
    if (!process.dead() && !found.contains(process.pid)) groups.erase(process.group);
  }
  std::erase_if(all, [&](const auto& process) { return process.dead() || !found.contains(process.pid); });
  return {std::move(all), {groups.begin(), groups.end()}};
}

bool carries(pid_t pid, const std::string& marker) {
  const auto environment = read_proc(pid, "environ", most_environment);
  const auto size = marker.size();
  for (auto at = environment.find(marker); at != std::string::npos; at = environment.find(marker, at + 1)) {
    const bool begins = at == 0 || environment[at - 1] == '\0';
    if (begins && (at + size == environment.size() || environment[at + size] == '\0')) return true;
  }
  return false;
}

}  // namespace

std::optional<ProcessStat> read_stat(pid_t pid) {
  const auto text = read_proc(pid, "stat", 4096);
  // The name stands in parentheses and may itself hold any of them, and spaces.
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  ProcessStat stat;
  stat.pid = pid;
  // Those behind the name are counted from 0: proc(5) calls the first of them the third.
  std::string_view rest(text.data() + name_end + 1, text.size() - name_end - 1);
  bool read = true;
  for (int field = 0; field <= last_field; ++field) {
    const auto word = next_word(rest);
    if (field == 0) read &= word.size() == 1 && (stat.state = word[0]) != '\0';
    if (field == 1) read &= number(word, stat.parent);
    if (field == 2) read &= number(word, stat.group);
    if (field == 3) read &= number(word, stat.session);
    if (field == 6) read &= number(word, stat.flags);
    if (field == last_field) read &= number(word, stat.start);
  }
  return read ? std::optional(stat) : std::nullopt;
}

std::string process_name(pid_t pid) {
  auto name = read_proc(pid, "comm", 64);
  while (!name.empty() && name.back() == '\n') name.pop_back();
  // Its own choice: nothing of it reaches a terminal or a log but letters.
  for (char& c : name) {
    if (c < ' ' || c > '~') c = '?';
  }
  return name;
}

std::string list_processes(const std::vector<ProcessStat>& processes) {
  constexpr std::size_t most_named = 3;
  std::string text;
  for (std::size_t i = 0; i < processes.size() && i < most_named; ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(processes[i].pid) + " (" + process_name(processes[i].pid) + ")";
  if (processes.size() > most_named) text += " and " + std::to_string(processes.size() - most_named) + " more";
  return text;
}

std::string environment_variable(pid_t pid, const std::string& name) {
  const auto environment = read_proc(pid, "environ", most_environment);
  const auto begin = name + "=";
  for (std::size_t at = 0; at < environment.size();) {
    const auto end = std::min(environment.find('\0', at), environment.size());
    if (environment.compare(at, begin.size(), begin) == 0)
      return environment.substr(at + begin.size(), end - at - begin.size());
    at = end + 1;
  }
  return {};
}

std::vector<ProcessStat> all_processes() {
  // The pids first: who reads more between two of them never catches up with one that keeps forking.
  std::vector<pid_t> pids;
  std::vector<ProcessStat> all;
  DIR* folder = ::opendir("/proc");
  if (folder == nullptr) return all;
  while (const auto* entry = ::readdir(folder)) {
    char* end = nullptr;
    const auto pid = std::strtol(entry->d_name, &end, 10);
    if (pid > 0 && *end == '\0') pids.push_back(static_cast<pid_t>(pid));
  }
  ::closedir(folder);
  // The newest first: they are the ones that may be gone soon.
  for (auto pid = pids.rbegin(); pid != pids.rend(); ++pid) {
    if (auto stat = read_stat(*pid)) all.push_back(*stat);
  }
  return all;
}

ProcessFamily descendants_of(pid_t root) {
  auto all = all_processes();
  std::unordered_set<pid_t> found{root};
  add_children(all, found);
  found.erase(root);
  return family_of(std::move(all), found);
}

ProcessFamily processes_left_by(const std::string& marker, pid_t leader, std::uint64_t leader_start,
                                const std::vector<pid_t>& others) {
  auto all = all_processes();
  // The session's number is the leader's pid. Were it in use again, its session would not be ours.
  const bool foreign = std::any_of(all.begin(), all.end(), [&](const auto& process) {
    return process.pid == leader && process.start != leader_start;
  });
  std::unordered_set<pid_t> found;
  const std::unordered_set<pid_t> known(others.begin(), others.end());
  for (const auto& process : all) {
    if (process.pid == ::getpid()) continue;
    const bool of_session =
        leader > 0 && !foreign && process.session == leader && process.start >= leader_start && process.pid != leader;
    const bool ours = of_session || known.contains(process.pid);
    if (ours || (!process.dead() && carries(process.pid, marker))) found.insert(process.pid);
  }
  add_children(all, found);
  return family_of(std::move(all), found);
}

bool signal_process(const ProcessStat& process, int signal) {
  const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0));
  if (fd < 0) return errno == ESRCH;
  // Only now is the pid held: it is asked again whose it is.
  const auto now = read_stat(process.pid);
  bool done = true;
  if (now && now->start == process.start && ::syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0) != 0) {
    done = errno == ESRCH;
  }
  ::close(fd);
  return done;
}

void signal_all(const ProcessFamily& family, int signal) {
  for (auto group : family.groups) ::kill(-group, signal);
  for (const auto& process : family.living) signal_process(process, signal);
}

bool signal_group_of(pid_t founder, std::uint64_t founder_start, int signal) {
  const auto now = founder > 1 ? read_stat(founder) : std::nullopt;
  const bool recycled = now && now->start != founder_start;
  return founder > 1 && !recycled && ::kill(-founder, signal) == 0;
}

}  // namespace quietgate
