#include "runner/adapters/workspace/workspace_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "runner/base/move_aside.h"
#include "runner/base/tree_removal.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

Error told(const std::string& doing, const std::string& path, const std::error_code& code) {
  return infrastructure_error("can't " + doing + " " + path + ": " + code.message(),
                              "check the space and the permissions of the data directory");
}

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Some file systems give all that is made there one owner, which is that of `runs` then.
bool is_own(const struct stat& status, const std::string& runs) {
  struct stat made_here {};
  return status.st_uid == ::geteuid() || (::lstat(runs.c_str(), &made_here) == 0 && made_here.st_uid == status.st_uid);
}

}  // namespace

WorkspaceFiles::WorkspaceFiles(std::string data, OpenLog open_log, Say say)
    : layout_(std::move(data)), open_log_(std::move(open_log)), say_(std::move(say)) {}

Result<std::string> WorkspaceFiles::own(const RunId& run) const {
  const auto runs = layout_.runs();
  for (const auto& path : {layout_.runs_of(run.repository), layout_.run(run)}) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || (S_ISDIR(status.st_mode) && is_own(status, runs))) continue;
    auto aside = move_aside(path);
    if (!aside) return aside.error();
    if (say_)
      say_("the file or folder in place of " + path + " is not a folder of quietgate's; it was moved to " + *aside);
  }
  return layout_.run(run);
}

Result<std::string> WorkspaceFiles::made(const RunId& run) const {
  auto folder = own(run);
  if (!folder) return folder;
  std::error_code code;
  fs::create_directories(*folder, code);
  if (code) return told("make", *folder, code);
  return folder;
}

Result<std::optional<Workspace::MovedAside>> WorkspaceFiles::clear_attempt(const AttemptId& attempt) {
  auto folder = own(attempt.run);
  if (!folder) return folder.error();
  const auto path = layout_.attempt(attempt);
  std::error_code code;
  if (!fs::exists(fs::symlink_status(path, code))) return std::optional<MovedAside>();
  auto aside = move_aside(path);
  if (!aside) return aside.error();
  MovedAside moved{std::move(*aside), {attempt, 0}};
  const auto owner = owner_in(attempt.run, fs::path(moved.path).filename().string());
  if (const auto* of = owner ? std::get_if<AttemptOwner>(&*owner) : nullptr) moved.steps = *of;
  return std::optional(std::move(moved));
}

Result<std::string> WorkspaceFiles::attempt(const RunId& run, const std::string& stage, int attempt) {
  auto folder = made(run);
  if (!folder) return folder;
  auto path = *folder + "/" + attempt_folder(stage, attempt);
  std::error_code code;
  fs::create_directory(path, code);
  if (code) return told("make", path, code);
  return path;
}

std::string WorkspaceFiles::checkout(const RunId& run) const {
  return layout_.checkout(run);
}
std::string WorkspaceFiles::environments() const {
  return layout_.environments();
}

// What can't be moved aside is told by begin_checkout.
bool WorkspaceFiles::has_checkout(const RunId& run) const {
  return own(run).ok() && is_folder(checkout(run));
}

Result<std::string> WorkspaceFiles::begin_checkout(const RunId& run) {
  auto folder = made(run);
  if (!folder) return folder;
  // No folder can be put in the place of a file.
  if (!is_folder(checkout(run))) {
    if (auto removed = remove_tree(checkout(run)); !removed) return removed.error();
  }
  auto path = new_checkout_in(*folder);
  if (auto removed = remove_tree(path); !removed) return removed.error();
  return path;
}

Result<void> WorkspaceFiles::finish_checkout(const RunId& run) {
  auto folder = own(run);
  if (!folder) return folder.error();
  std::error_code code;
  fs::rename(new_checkout_in(*folder), checkout(run), code);
  if (code) return told("put in place", checkout(run), code);
  return {};
}

Result<void> WorkspaceFiles::remove_checkout(const RunId& run) {
  if (auto folder = own(run); !folder) return folder.error();
  for (const auto& path : {checkout(run), new_checkout_in(layout_.run(run))}) {
    if (auto removed = remove_tree(path); !removed) return removed;
  }
  return {};
}

std::unique_ptr<StageLog> WorkspaceFiles::open_log(const std::string& attempt_directory,
                                                   std::vector<std::string> secrets) {
  return open_log_(attempt_directory + "/" + file_name(AttemptFile::log), std::move(secrets));
}

}  // namespace quietgate
