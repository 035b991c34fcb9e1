#include "runner/base/file_search.h"

#include <algorithm>
#include <filesystem>

#include "runner/base/glob.h"
#include "runner/base/path_inside.h"
#include "runner/base/walk.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr const char* no_file = "no regular file (a FIFO, a socket or a device)";

// What a link that matches leads to: a regular file below the root, a folder there, or what `problem` says.
struct LinkTarget {
  bool file = false;
  bool folder = false;
  std::string problem;
};

LinkTarget target_of(const fs::path& link, const fs::path& root) {
  std::error_code error;
  const auto target = fs::canonical(link, error);
  if (error) return {false, false, "a link that leads nowhere"};
  if (!is_path_inside(target, root)) return {false, false, "a link out of the tree"};
  if (fs::is_regular_file(target, error)) return {true, false, {}};
  if (fs::is_directory(target, error)) return {false, true, {}};
  return {false, false, std::string("a link to ") + no_file};
}

void note_unusable(FoundFiles& found, const std::string& path, std::string is) {
  if (!found.first_unusable.empty() && found.first_unusable < path) return;
  found.first_unusable = path;
  found.why_unusable = std::move(is);
}

void note_folder(FoundFiles& found, const std::string& path) {
  ++found.folders;
  if (found.first_folder.empty() || path < found.first_folder) found.first_folder = path;
}

constexpr std::size_t most_path_bytes = 64UL * 1024 * 1024;

std::string unsearched_part(const WalkEnd& walked, bool enough, const WalkLimits& limits) {
  if (walked.entries_over) return "only the first 1,000,000 files and folders were looked at";
  if (enough) return "the paths of the files that match take more than 64 MiB";
  if (walked.stopped) return "the search was stopped";
  if (walked.too_deep.empty()) return {};
  return "folders more than " + std::to_string(limits.depth) +
         " deep were not looked at: " + walked.too_deep.substr(0, 60) + "...";
}

}  // namespace

FoundFiles find_files(const std::string& root, const std::vector<std::string>& globs, std::size_t limit,
                      const std::atomic<bool>* stop) {
  FoundFiles found;
  std::error_code error;
  const auto real_root = fs::canonical(root, error);
  if (error || globs.empty()) return found;
  std::vector<std::string> cleaned;
  for (const auto& glob : globs) cleaned.push_back(glob.starts_with("./") ? glob.substr(2) : glob);
  Globs wanted(cleaned);
  std::size_t bytes = 0;
  const auto look = [&](const std::string& path, EntryKind kind) {
    if (kind == EntryKind::folder) {
      if (path == ".git") return false;
      if (wanted.match(path)) note_folder(found, path);
      return wanted.may_match_below(path);
    }
    if (!wanted.match(path)) return true;
    if (kind == EntryKind::other) {
      ++found.skipped_others;
      note_unusable(found, path, no_file);
      return true;
    }
    if (kind == EntryKind::link) {
      auto target = target_of(real_root / path, real_root);
      if (target.folder) note_folder(found, path);
      if (!target.problem.empty()) note_unusable(found, path, std::move(target.problem));
      if (!target.file) ++found.skipped_links;
      if (!target.file) return true;
    }
    found.truncated = found.paths.size() == limit;
    bytes += path.size();
    if (found.truncated || bytes > most_path_bytes) return false;
    found.paths.push_back(path);
    return true;
  };
  const WalkLimits limits;
  const auto walked = walk_tree(real_root.string(), look, stop, limits);
  if (!found.truncated) found.not_searched = unsearched_part(walked, bytes > most_path_bytes, limits);
  std::sort(found.paths.begin(), found.paths.end());
  return found;
}

}  // namespace quietgate
