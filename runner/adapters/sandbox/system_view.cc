#include "runner/adapters/sandbox/system_view.h"

#include <algorithm>
#include <filesystem>
#include <set>

namespace quietgate {

namespace fs = std::filesystem;

std::vector<SystemEntry> system_view(const std::string& root) {
  static const std::set<std::string> left_out{"boot",     "dev",  "home", "lost+found", "media", "mnt",
                                              "old_root", "proc", "root", "run",        "tmp"};
  std::vector<SystemEntry> entries;
  std::error_code error;
  for (fs::directory_iterator at(root, error), end; !error && at != end; at.increment(error)) {
    std::error_code unread;
    const auto name = at->path().filename().string();
    if (left_out.contains(name)) continue;
    if (at->is_symlink(unread)) {
      entries.push_back({"/" + name, fs::read_symlink(at->path(), unread).string()});
    } else if (at->is_directory(unread)) {
      entries.push_back({"/" + name, {}});
    }
  }
  std::sort(entries.begin(), entries.end(), [](const auto& one, const auto& other) { return one.path < other.path; });
  return entries;
}

bool is_shown(const std::vector<SystemEntry>& system, const std::string& path) {
  return std::any_of(system.begin(), system.end(), [&path](const SystemEntry& entry) {
    return entry.link.empty() && (path == entry.path || path.starts_with(entry.path + "/"));
  });
}

}  // namespace quietgate
