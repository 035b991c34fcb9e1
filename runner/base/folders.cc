#include "runner/base/folders.h"

#include <charconv>
#include <filesystem>

namespace quietgate {

namespace fs = std::filesystem;

std::vector<std::string> folders_in(const std::string& path) {
  std::vector<std::string> names;
  std::error_code code;
  for (fs::directory_iterator at(path, code), end; !code && at != end; at.increment(code)) {
    std::error_code ignored;
    if (fs::is_directory(at->symlink_status(ignored))) names.push_back(at->path().filename().string());
  }
  return names;
}

std::int64_t number_of(std::string_view name) {
  std::int64_t number = 0;
  const auto [rest, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
  return problem == std::errc() && rest == name.data() + name.size() ? number : 0;
}

}  // namespace quietgate
