#include "runner/leader/control_group.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace quietgate {

namespace {

constexpr const char* name_begins = "/quietgate-";
constexpr int deepest = 16;

// Where version 2 is mounted whole.
std::string mount_point() {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const auto dash = line.find(" - cgroup2 ");
    if (dash == std::string::npos) continue;
    std::istringstream fields(line);
    std::string skipped, root, point;
    fields >> skipped >> skipped >> skipped >> root >> point;
    if (root == "/" && point.find('\\') == std::string::npos) return point;
  }
  return {};
}

std::string own_group() {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (line.starts_with("0::/")) return line == "0::/" ? std::string() : line.substr(3);
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

int control_group_entrance(const std::string& folder) {
  return folder.empty() ? -1 : ::open((folder + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
}

std::vector<pid_t> control_group_members(const std::string& folder) {
  std::vector<pid_t> members;
  if (folder.empty()) return members;
  std::ifstream file(folder + "/cgroup.procs");
  for (pid_t pid = 0; file >> pid;) {
    if (pid > 0) members.push_back(pid);
  }
  return members;
}

bool control_group_lives(const std::string& folder) {
  if (folder.empty()) return false;
  std::ifstream file(folder + "/cgroup.events");
  for (std::string line; std::getline(file, line);) {
    if (line == "populated 1") return true;
  }
  return false;
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

}  // namespace quietgate
