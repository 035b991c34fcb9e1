#include "runner/leader/control_group.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace quietgate {

namespace {

constexpr const char* name_begins = "/quietgate-";
constexpr int deepest = 16;
constexpr std::size_t most_text = 4U << 20;

// Without streams, whose start-up would be felt in every step.
std::string text_of(const std::string& path) {
  std::string text;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char buffer[4096];
  for (;;) {
    const auto got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || text.size() > most_text) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return text;
}

// Takes what stands before the separator off the text.
std::string_view next(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

// Where version 2 is mounted whole.
std::string mount_point() {
  const auto mounts = text_of("/proc/self/mountinfo");
  for (std::string_view rest = mounts; !rest.empty();) {
    auto line = next(rest, '\n');
    if (line.find(" - cgroup2 ") == std::string_view::npos) continue;
    for (int skipped = 0; skipped < 3; ++skipped) next(line, ' ');
    const auto root = next(line, ' ');
    const auto point = next(line, ' ');
    if (root == "/" && point.find('\\') == std::string_view::npos) return std::string(point);
  }
  return {};
}

std::string own_group() {
  const auto groups = text_of("/proc/self/cgroup");
  for (std::string_view rest = groups; !rest.empty();) {
    const auto line = next(rest, '\n');
    if (line.starts_with("0::/")) return line == "0::/" ? std::string() : std::string(line.substr(3));
  }
  return {};
}

void remove_below(const std::string& folder, int depth) {
  DIR* open = ::opendir(folder.c_str());
  if (open == nullptr) return;
  while (const auto* entry = ::readdir(open)) {
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    const auto below = folder + "/" + entry->d_name;
    if (depth < deepest) remove_below(below, depth + 1);
    ::rmdir(below.c_str());
  }
  ::closedir(open);
}

}  // namespace

std::string control_group_of(const std::string& id) {
  const auto mounted = mount_point();
  return mounted.empty() || id.empty() ? std::string() : mounted + own_group() + name_begins + id;
}

std::string make_control_group(const std::string& id) {
  auto folder = control_group_of(id);
  if (folder.empty() || ::mkdir(folder.c_str(), 0755) != 0) return {};
  if (::access((folder + "/cgroup.kill").c_str(), W_OK) == 0) return folder;
  ::rmdir(folder.c_str());  // a kernel before 5.14
  return {};
}

bool is_control_group_of(const std::string& folder, const std::string& id) {
  const auto name = name_begins + id;
  return !id.empty() && id.find('/') == std::string::npos && folder.starts_with('/') && folder.ends_with(name) &&
         folder.find("/..") == std::string::npos && ::access((folder + "/cgroup.procs").c_str(), F_OK) == 0;
}

int open_control_group(const std::string& folder) {
  return folder.empty() ? -1 : ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

std::vector<pid_t> control_group_members(const std::string& folder) {
  std::vector<pid_t> members;
  if (folder.empty()) return members;
  const auto pids = text_of(folder + "/cgroup.procs");
  for (std::string_view rest = pids; !rest.empty();) {
    const auto pid = std::strtol(std::string(next(rest, '\n')).c_str(), nullptr, 10);
    if (pid > 0) members.push_back(static_cast<pid_t>(pid));
  }
  return members;
}

bool control_group_lives(const std::string& folder) {
  if (folder.empty()) return false;
  return text_of(folder + "/cgroup.events").find("populated 1") != std::string::npos;
}

void kill_control_group(const std::string& folder) {
  if (folder.empty()) return;
  const int fd = ::open((folder + "/cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] const auto put = ::write(fd, "1", 1);
  ::close(fd);
}

void remove_control_group(const std::string& folder) {
  if (folder.empty() || ::rmdir(folder.c_str()) == 0) return;
  remove_below(folder, 0);
  ::rmdir(folder.c_str());
}

void remove_idle_control_groups() {
  const auto mounted = mount_point();
  if (mounted.empty()) return;
  const auto own = mounted + own_group();
  DIR* open = ::opendir(own.c_str());
  if (open == nullptr) return;
  while (const auto* entry = ::readdir(open)) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name.starts_with(std::string_view(name_begins).substr(1)))
      ::rmdir((own + "/" + entry->d_name).c_str());
  }
  ::closedir(open);
}

}  // namespace quietgate
