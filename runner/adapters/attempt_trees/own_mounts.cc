#include "runner/adapters/attempt_trees/own_mounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

#include "runner/base/descriptor.h"

namespace quietgate {

namespace {

std::string namespace_of(const std::string& process) {
  char text[64];
  const auto size = ::readlink((process + "/ns/mnt").c_str(), text, sizeof text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

// As /proc/PID/mountinfo writes a path.
std::string escaped(const std::string& path) {
  std::string text;
  for (const char c : path) {
    if (c == ' ')
      text += "\\040";
    else if (c == '\t')
      text += "\\011";
    else if (c == '\n')
      text += "\\012";
    else if (c == '\\')
      text += "\\134";
    else
      text += c;
  }
  return text;
}

bool has_mount(const std::string& process, const std::string& path) {
  std::ifstream table(process + "/mountinfo");
  const auto wanted = escaped(path);
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, root, point;
    if (fields >> id >> parent >> device >> root >> point && point == wanted) return true;
  }
  return false;
}

// A process of an earlier service of this data directory: one that sees the marker's mount.
Descriptor earlier_namespace(const std::string& marker) {
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(::opendir("/proc"), ::closedir);
  std::set<std::string> seen{"", namespace_of("/proc/self")};
  while (processes) {
    const auto* entry = ::readdir(processes.get());
    if (entry == nullptr) break;
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    const auto process = std::string("/proc/") + entry->d_name;
    if (!seen.insert(namespace_of(process)).second || !has_mount(process, marker)) continue;
    Descriptor found(::open((process + "/ns/mnt").c_str(), O_RDONLY | O_CLOEXEC));
    if (found) return found;
  }
  return {};
}

bool is_same(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// Joining changes the root and the working directory: both must be what they were.
bool join(const Descriptor& earlier, const std::string& marker, const struct stat& marked) {
  const Descriptor own(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  const Descriptor root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const Descriptor here(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat before {};
  struct stat after {};
  char path[4096];
  const bool named = ::getcwd(path, sizeof path) != nullptr;
  if (!own || !root || ::fstat(root.get(), &before) != 0 || ::setns(earlier.get(), CLONE_NEWNS) != 0) return false;
  const bool same_root = ::stat("/", &after) == 0 && is_same(before, after);
  const bool same_data = ::stat(marker.c_str(), &after) == 0 && is_same(marked, after);
  if (same_root && same_data && (!named || ::chdir(path) == 0)) return true;
  if (::setns(own.get(), CLONE_NEWNS) != 0 || (here && ::fchdir(here.get()) != 0)) std::abort();
  return false;
}

}  // namespace

bool enter_own_mounts(const std::string& marker) {
  if (::geteuid() != 0) return false;
  ::mkdir(marker.c_str(), 0700);
  struct stat marked {};
  if (::stat(marker.c_str(), &marked) != 0) return false;
  if (const auto earlier = earlier_namespace(marker); earlier && join(earlier, marker, marked)) return true;
  if (::unshare(CLONE_NEWNS) != 0) return false;
  // What is mounted from here on stays here; without that no mount is made.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return false;
  // What is unmounted here goes from the sandboxes of steps too, which have copies of all mounts.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) != 0) return false;
  return ::mount(marker.c_str(), marker.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

}  // namespace quietgate
