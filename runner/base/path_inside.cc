#include "runner/base/path_inside.h"

#include <algorithm>

namespace quietgate {

namespace fs = std::filesystem;

bool is_path_inside(const fs::path& path, const fs::path& root) {
  auto [in_root, in_path] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  return in_root == root.end();
}

Result<std::string> path_inside(const std::string& root, const std::string& relative) {
  fs::path wanted = fs::path(relative).lexically_normal();
  if (wanted.is_absolute()) return user_error("the path \"" + relative + "\" must be relative to the checkout");
  if (relative.find('\0') != std::string::npos) return user_error("a path holds a null byte");
  if (!wanted.empty() && *wanted.begin() == "..") {
    return user_error("the path \"" + relative + "\" leads out of the checkout");
  }
  std::error_code error;
  auto real_root = fs::weakly_canonical(root, error);
  const bool is_root = wanted.empty() || wanted == ".";
  auto path = is_root ? real_root : real_root / wanted;
  if (auto real = is_root || error ? path : fs::weakly_canonical(path, error);
      error || !is_path_inside(real, real_root)) {
    return user_error("the path \"" + relative + "\" leads out of the checkout through a link");
  }
  auto text = path.string();
  if (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

}  // namespace quietgate
