#include "runner/adapters/workspace_files.h"

#include <filesystem>

#include "runner/files/removal.h"
#include "runner/leader/aside.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

Error told(const std::string& doing, const std::string& path, const std::error_code& code) {
  return infrastructure_error("can't " + doing + " " + path + ": " + code.message(),
                              "check the space and the permissions of the data directory");
}

}  // namespace

WorkspaceFiles::WorkspaceFiles(std::string data, OpenLog open_log)
    : data_(std::move(data)), open_log_(std::move(open_log)) {}

std::string WorkspaceFiles::of(const RunId& run) const {
  return data_ + "/runs/" + run.repository + "/" + std::to_string(run.number);
}

Result<std::optional<std::string>> WorkspaceFiles::clear_attempt(const RunId& run, const std::string& stage,
                                                                 int attempt) {
  const auto path = of(run) + "/" + stage + "." + std::to_string(attempt);
  std::error_code code;
  if (!fs::exists(fs::symlink_status(path, code))) return std::optional<std::string>();
  auto aside = set_aside(path);
  if (!aside) return aside.error();
  return std::optional(std::move(*aside));
}

Result<std::string> WorkspaceFiles::attempt(const RunId& run, const std::string& stage, int attempt) {
  const auto path = of(run) + "/" + stage + "." + std::to_string(attempt);
  std::error_code code;
  fs::create_directory(path, code);  // mostly the run's own folder is there
  if (code) fs::create_directories(path, code);
  if (code) return told("make", path, code);
  return path;
}

std::string WorkspaceFiles::checkout(const RunId& run) const {
  return of(run) + "/checkout";
}
std::string WorkspaceFiles::environments() const {
  return data_ + "/environments";
}

bool WorkspaceFiles::has_checkout(const RunId& run) const {
  std::error_code ignored;
  return fs::is_directory(checkout(run), ignored);
}

Result<std::string> WorkspaceFiles::begin_checkout(const RunId& run) {
  const auto path = of(run) + "/checkout.new";
  if (auto removed = remove_tree(path); !removed) return removed.error();
  std::error_code code;
  fs::create_directories(of(run), code);
  if (code) return told("make", of(run), code);
  return path;
}

Result<void> WorkspaceFiles::finish_checkout(const RunId& run) {
  std::error_code code;
  fs::rename(of(run) + "/checkout.new", checkout(run), code);
  if (code) return told("put in place", checkout(run), code);
  return {};
}

Result<void> WorkspaceFiles::remove_checkout(const RunId& run) {
  for (const auto& path : {checkout(run), checkout(run) + ".new"}) {
    if (auto removed = remove_tree(path); !removed) return removed;
  }
  return {};
}

std::unique_ptr<StageLog> WorkspaceFiles::open_log(const std::string& attempt_directory,
                                                   std::vector<std::string> secrets) {
  return open_log_(attempt_directory + "/log", std::move(secrets));
}

}  // namespace quietgate
