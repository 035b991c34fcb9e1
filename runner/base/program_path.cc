#include "runner/base/program_path.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace quietgate {

std::string find_on_path(const std::string& name, const std::string& path) {
  std::size_t begin = 0;
  while (begin <= path.size()) {
    auto end = std::min(path.find(':', begin), path.size());
    auto folder = path.substr(begin, end - begin);
    begin = end + 1;
    if (folder.empty() || folder[0] != '/') continue;
    auto candidate = folder + "/" + name;
    std::error_code error;
    if (std::filesystem::is_regular_file(candidate, error) && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

}  // namespace quietgate
