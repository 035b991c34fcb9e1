#include "runner/cli/project_files.h"

#include <algorithm>
#include <array>

#include "runner/base/plain_file.h"
#include "runner/base/text.h"
#include "runner/base/walk.h"

namespace quietgate {

namespace {

constexpr WalkLimits project_limits{20'000, 4};
constexpr std::size_t longest_text = 64 * 1024;

constexpr std::array filled_by_tools{"node_modules", "target", "build", "dist", "vendor", "venv", "__pycache__", "out"};
constexpr std::array telling_names{"package.json", "pyproject.toml", "requirements.txt",
                                   "setup.cfg",    "tox.ini",        "CMakeLists.txt"};
constexpr std::array telling_endings{".yml", ".yaml", ".tf"};

// Names that can stand in a pipeline's text as they are; nobody gives others to what is to be tested.
bool is_plain_path(std::string_view path) {
  return is_utf8(path) && printable(path) == path && path.find("${{") == std::string_view::npos;
}

std::string_view name_in(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

bool is_telling(std::string_view path) {
  const auto ends = [&](const char* ending) { return path.ends_with(ending); };
  return std::find(telling_names.begin(), telling_names.end(), name_in(path)) != telling_names.end() ||
         std::any_of(telling_endings.begin(), telling_endings.end(), ends);
}

bool is_project_folder(std::string_view path) {
  const auto name = name_in(path);
  return !name.starts_with('.') &&
         std::find(filled_by_tools.begin(), filled_by_tools.end(), name) == filled_by_tools.end();
}

}  // namespace

const ProjectFile* ProjectFiles::find(std::string_view path) const {
  const auto found =
      std::lower_bound(files_.begin(), files_.end(), path,
                       [](const ProjectFile& file, std::string_view wanted) { return file.path < wanted; });
  return found != files_.end() && found->path == path ? &*found : nullptr;
}

std::string_view ProjectFiles::text(std::string_view path) const {
  const auto* file = find(path);
  return file == nullptr ? std::string_view() : std::string_view(file->text);
}

Result<ProjectFiles> read_project(const std::string& folder) {
  std::vector<ProjectFile> files;
  const auto walked = walk_tree(
      folder,
      [&](const std::string& path, EntryKind kind) {
        if (kind == EntryKind::folder) return is_plain_path(path) && is_project_folder(path);
        if (kind != EntryKind::file || !is_plain_path(path)) return true;
        files.push_back({path, is_telling(path) ? read_plain(folder + "/" + path, 0, longest_text) : std::string()});
        return true;
      },
      nullptr, project_limits);
  if (walked.unread) return user_error("the folder " + folder + " can't be read", "check its name and its permissions");
  std::sort(files.begin(), files.end(), [](const auto& one, const auto& other) { return one.path < other.path; });
  return ProjectFiles(std::move(files));
}

}  // namespace quietgate
