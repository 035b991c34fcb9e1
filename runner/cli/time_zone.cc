#include "runner/cli/time_zone.h"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>

namespace quietgate {

namespace {

namespace fs = std::filesystem;

constexpr const char* zone_folder = "/usr/share/zoneinfo/";

Milliseconds machine_offset(Time time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm shown{};
  if (::localtime_r(&seconds, &shown) == nullptr) return Milliseconds{0};
  return std::chrono::seconds(shown.tm_gmtoff);
}

std::string machine_zone() {
  if (const char* name = std::getenv("TZ"); name != nullptr && *name != '\0') return *name == ':' ? name + 1 : name;
  std::error_code none;
  const auto link = fs::read_symlink("/etc/localtime", none).string();
  const auto at = link.find("zoneinfo/");
  return at == std::string::npos ? "local time" : link.substr(at + 9);
}

}  // namespace

Result<LocalTime> zone_named(const std::string& name) {
  if (name.empty()) return LocalTime{machine_zone(), machine_offset};
  if (name == "UTC") return LocalTime{};
  // The C library takes a name that it doesn't know for UTC.
  std::error_code none;
  if (name.find("..") != std::string::npos || name[0] == '/' || !fs::is_regular_file(zone_folder + name, none)) {
    return user_error(fmt::format("this machine has no time zone `{}`", name),
                      "write a name such as Europe/Berlin or UTC; the package tzdata provides them");
  }
  return LocalTime{name, machine_offset};
}

ZoneInUse::ZoneInUse(const std::string& name) {
  if (const char* before = std::getenv("TZ")) before_ = before;
  if (!name.empty()) ::setenv("TZ", (":" + name).c_str(), 1);
  ::tzset();
}

ZoneInUse::~ZoneInUse() {
  if (before_)
    ::setenv("TZ", before_->c_str(), 1);
  else
    ::unsetenv("TZ");
  ::tzset();
}

}  // namespace quietgate
