#include "runner/adapters/sandbox/step_user.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runner/adapters/sandbox/sandbox_policy.h"
#include "runner/base/plain_file.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr const char* usual_user = "quietgate-step";
// Debian gives 60000 to 64999 to packages, on request; systemd leaves 60706 to 61183 alone.
constexpr uid_t nobodys = 60870;

Result<void> show(const char* file, const std::string& line, const std::string& folder,
                  std::vector<std::pair<std::string, std::string>>& shown) {
  std::ifstream theirs(file);
  std::ostringstream text;
  text << theirs.rdbuf();
  const auto copy = folder + fs::path(file).filename().string();
  if (auto written = replace_file(copy, text.str() + line); !written) return written;
  fs::permissions(copy, fs::perms(0644));
  shown.emplace_back(file, copy);
  return {};
}

}  // namespace

Result<StepUser> step_user(const std::string& name) {
  if (::geteuid() != 0) return StepUser{};
  const auto* known = ::getpwnam(name.empty() ? usual_user : name.c_str());
  if (known == nullptr && !name.empty())
    return user_error("steps are to run as `" + name + "`, and there is no such user",
                      "create it, or leave `steps: {user: ...}` out");
  if (known == nullptr) return StepUser{nobodys, nobodys, usual_user};
  if (known->pw_uid == 0) return user_error("steps are to run as `" + name + "`, which is root", "name another user");
  return StepUser{known->pw_uid, known->pw_gid, known->pw_name};
}

Result<std::vector<std::pair<std::string, std::string>>> known_users(const StepUser& user, const std::string& folder) {
  std::vector<std::pair<std::string, std::string>> shown;
  if (user.user == 0 || ::getpwuid(user.user) != nullptr) return shown;
  const auto number = std::to_string(user.user);
  std::error_code code;
  fs::create_directories(folder, code);
  auto written = show("/etc/passwd", user.name + ":x:" + number + ":" + number + "::" + sandbox_home + ":/bin/sh\n",
                      folder + "/", shown);
  if (written) written = show("/etc/group", user.name + ":x:" + number + ":\n", folder + "/", shown);
  if (!written) return written.error();
  return shown;
}

Result<void> give_entries(const StepUser& user, const std::string& folder) {
  if (user.user == 0) return {};
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (::lchown(at->path().c_str(), user.user, user.group) != 0 && errno != ENOENT)
      return infrastructure_error("can't give " + at->path().string() +
                                  " to the user of steps: " + std::strerror(errno));
  }
  return {};
}

Result<void> give_to(const StepUser& user, const std::string& path) {
  struct stat top {};
  if (user.user == 0 || ::lstat(path.c_str(), &top) != 0 || top.st_uid == user.user) return {};
  const auto give = [&user](const std::string& what) { return ::lchown(what.c_str(), user.user, user.group) == 0; };
  std::error_code error;
  std::string refused;
  if (S_ISDIR(top.st_mode)) {
    for (fs::recursive_directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
      if (!give(at->path().string()) && errno != ENOENT) refused = at->path().string() + ": " + std::strerror(errno);
    }
  }
  // The last: who finds it given finds all of it given.
  if (refused.empty() && !error && give(path)) return {};
  return infrastructure_error("can't give " + path + " to the user of steps: " +
                              (error             ? error.message()
                               : refused.empty() ? std::strerror(errno)
                                                 : refused));
}

}  // namespace quietgate
