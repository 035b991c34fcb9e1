// What of the machine's own files every step sees, read-only.
#pragma once

#include <string>
#include <vector>

namespace quietgate {

// A name directly below `/`: a folder, or a link.
struct SystemEntry {
  std::string path;
  std::string link;  // where it leads; empty: it is a folder
};

// What stands below `/` now, in order of its names, without what a step has of its own (`/tmp`, `/dev`, `/proc`,
// `/run`), what belongs to people (`/home`, `/root`), and what is mounted by chance (`/mnt`, `/media`).
std::vector<SystemEntry> system_view(const std::string& root = "/");

// Whether the path stands in what is shown.
bool is_shown(const std::vector<SystemEntry>& system, const std::string& path);

}  // namespace quietgate
