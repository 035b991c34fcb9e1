#include "runner/base/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "runner/base/glob.h"
#include "runner/base/plain_file.h"
#include "runner/base/removal.h"
#include "runner/base/walk.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

std::string because(int number) {
  return std::strerror(number);
}

bool is_below(const fs::path& path, const fs::path& root) {
  auto [in_root, in_path] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  return in_root == root.end();
}

constexpr const char* no_file = "no regular file (a FIFO, a socket or a device)";

// What a link that matches is good for: `file`, when it leads to a regular file below the root; else `is` says why not.
struct Leads {
  bool file = false;
  bool folder = false;  // below the root
  std::string is;
};

Leads where_leads(const fs::path& link, const fs::path& root) {
  std::error_code error;
  const auto target = fs::canonical(link, error);
  if (error) return {false, false, "a link that leads nowhere"};
  if (!is_below(target, root)) return {false, false, "a link out of the tree"};
  if (fs::is_regular_file(target, error)) return {true, false, {}};
  if (fs::is_directory(target, error)) return {false, true, {}};
  return {false, false, std::string("a link to ") + no_file};
}

void note_unfit(FoundFiles& found, const std::string& path, std::string is) {
  if (!found.unfit.empty() && found.unfit < path) return;
  found.unfit = path;
  found.unfit_is = std::move(is);
}

void note_folder(FoundFiles& found, const std::string& path) {
  ++found.folders;
  if (found.first_folder.empty() || path < found.first_folder) found.first_folder = path;
}

constexpr std::size_t most_path_bytes = 64UL * 1024 * 1024;

std::string unseen_of(const Walked& walked, bool enough, const WalkLimits& limits) {
  if (walked.entries_over) return "only the first 1,000,000 files and folders were looked at";
  if (enough) return "the paths of the files that match take more than 64 MiB";
  if (walked.stopped) return "the search was stopped";
  if (walked.too_deep.empty()) return {};
  return "folders more than " + std::to_string(limits.depth) +
         " deep were not looked at: " + walked.too_deep.substr(0, 60) + "...";
}

}  // namespace

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
  if (auto real = is_root || error ? path : fs::weakly_canonical(path, error); error || !is_below(real, real_root)) {
    return user_error("the path \"" + relative + "\" leads out of the checkout through a link");
  }
  auto text = path.string();
  if (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

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
      note_unfit(found, path, no_file);
      return true;
    }
    if (kind == EntryKind::link) {
      auto leads = where_leads(real_root / path, real_root);
      if (leads.folder) note_folder(found, path);
      if (!leads.is.empty()) note_unfit(found, path, std::move(leads.is));
      if (!leads.file) ++found.skipped_links;
      if (!leads.file) return true;
    }
    found.truncated = found.paths.size() == limit;
    bytes += path.size();
    if (found.truncated || bytes > most_path_bytes) return false;
    found.paths.push_back(path);
    return true;
  };
  const WalkLimits limits;
  const auto walked = walk_tree(real_root.string(), look, stop, limits);
  if (!found.truncated) found.unseen = unseen_of(walked, bytes > most_path_bytes, limits);
  std::sort(found.paths.begin(), found.paths.end());
  return found;
}

Result<std::string> read_file_bounded(const std::string& path, std::size_t max_bytes) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return infrastructure_error("can't read " + path + ": " + because(errno));
  struct Closed {
    int file;
    ~Closed() { ::close(file); }
  } closed{file};
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    return infrastructure_error("can't read " + path + ": not a regular file");
  }
  std::string content;
  char block[65536];
  for (;;) {
    auto got = ::read(file, block, sizeof block);
    if (got < 0) return infrastructure_error("can't read " + path + ": " + because(errno));
    if (got == 0) return content;
    content.append(block, static_cast<std::size_t>(got));
    if (content.size() > max_bytes) {
      return infrastructure_error(path + " is larger than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

std::string read_file_end(const std::string& path, std::size_t max_bytes) {
  auto content = read_plain_end(path, max_bytes);
  if (content.size() == max_bytes) {
    auto line = content.find('\n');
    if (line != std::string::npos) content.erase(0, line + 1);
  }
  return content;
}

std::vector<std::string> last_lines(std::string_view text, std::size_t count) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < count) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
    if (text.empty()) break;
    auto begin = text.rfind('\n');
    begin = begin == std::string_view::npos ? 0 : begin + 1;
    lines.emplace_back(text.substr(begin));
    text = text.substr(0, begin);
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

Result<void> write_file_whole(const std::string& path, std::string_view content, bool secret) {
  auto beside = path + ".new";
  ::unlink(beside.c_str());  // whatever stands there
  int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, secret ? 0600 : 0644);
  if (file < 0) return infrastructure_error("can't write " + path + ": " + because(errno));
  int problem = 0;
  while (!content.empty() && problem == 0) {
    auto put = ::write(file, content.data(), content.size());
    if (put < 0) problem = errno;
    if (put > 0) content.remove_prefix(static_cast<std::size_t>(put));
  }
  if (problem == 0 && ::fsync(file) != 0) problem = errno;
  if (::close(file) != 0 && problem == 0) problem = errno;
  if (problem == 0 && ::rename(beside.c_str(), path.c_str()) != 0) problem = errno;
  if (problem == 0) return {};
  ::unlink(beside.c_str());
  return infrastructure_error("can't write " + path + ": " + because(problem));
}

Result<void> make_folder(const std::string& path, bool secret) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && secret) fs::permissions(path, fs::perms::owner_all, error);
  if (error) return infrastructure_error("can't make the folder " + path + ": " + error.message());
  return {};
}

Result<void> remove_folder(const std::string& path) {
  return remove_tree(path);
}

}  // namespace quietgate
