#include "runner/leader/step_record.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/base/plain_file.h"
#include "runner/leader/masker.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;
constexpr int record_version = 2;
constexpr std::size_t most_record = 1U << 20;
constexpr std::array<const char*, 4> hows{"exited", "signalled", "not_started", "leader_died"};

Error failure(const std::string& path, const char* doing) {
  return infrastructure_error("can't " + std::string(doing) + " " + path + ": " + open_plain_problem(),
                              "check the space and the permissions of the data directory");
}

Time time_of(const Json& json, const char* key) {
  return Time(Milliseconds(json.at(key).get<std::int64_t>()));
}

StepAsked asked_from(const Json& json) {
  if (json.at("version").get<int>() != record_version) throw std::runtime_error("its version is not 2");
  return {json.at("id").get<std::string>(), json.value("nonce", std::string()), json.at("stop_signal").get<int>(),
          Milliseconds(json.at("grace").get<std::int64_t>())};
}

StepLed led_from(const Json& json) {
  StepLed led;
  led.boot = json.at("boot").get<std::string>();
  led.leader = json.at("leader").at("pid").get<int>();
  led.leader_start = json.at("leader").at("start").get<std::uint64_t>();
  led.step = json.at("step").at("pid").get<int>();
  led.step_start = json.at("step").at("start").get<std::uint64_t>();
  led.group = json.value("group", std::string());
  if (led.leader <= 1) throw std::runtime_error("it names no leader");
  return led;
}

StepExit exit_from(const Json& json) {
  StepExit exit;
  const auto how = json.at("how").get<std::string>();
  const auto known = std::find(hows.begin(), hows.end(), how);
  if (known == hows.end()) throw std::runtime_error("it ended in an unknown way: " + how);
  exit.how = static_cast<StepExit::How>(known - hows.begin());
  exit.code = json.at("code").get<int>();
  exit.detail = json.at("detail").get<std::string>();
  exit.log_complete = json.at("log_complete").get<bool>();
  exit.started = time_of(json, "started");
  exit.ended = time_of(json, "ended");
  return exit;
}

// May throw what nlohmann throws.
void take(const std::string& line, StepHistory& history) {
  const auto json = Json::parse(line);
  if (json.contains("how")) {
    history.exit = exit_from(json);
  } else if (json.contains("leader")) {
    history.led = led_from(json);
  } else {
    auto asked = asked_from(json);
    if (!history.asked) history.asked = std::move(asked);  // what was added later tells nothing of who began it
  }
}

// Adds the line as a whole or not at all.
bool add(int file, std::string line) {
  struct stat about = {};
  char last = '\n';
  if (::fstat(file, &about) != 0) return false;
  if (about.st_size > 0 && ::pread(file, &last, 1, about.st_size - 1) != 1) return false;
  // A line that was torn is closed first.
  if (last != '\n') line.insert(0, 1, '\n');
  const auto put = ::write(file, line.data(), line.size());
  if (put == static_cast<ssize_t>(line.size())) return true;
  const int error = put < 0 ? errno : ENOSPC;
  [[maybe_unused]] const int cut = ::ftruncate(file, about.st_size);
  errno = error;
  return false;
}

bool sync_folder(const std::string& path) {
  const auto folder = path.substr(0, path.rfind('/'));
  Descriptor open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return open && ::fsync(open.get()) == 0;
}

// Bytes of the user's that are not UTF-8 must not keep the record from being written.
std::string text_of(const Json& json) {
  return json_text(json) + "\n";
}

}  // namespace

std::optional<StepExit> exit_told(std::string_view line) {
  try {
    return exit_from(Json::parse(line));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

Result<StepHistory> StepRecord::read() const {
  StepHistory history;
  Descriptor file(open_plain(path_, O_RDONLY));
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return history;
  struct stat about = {};
  if (!file || ::fstat(file.get(), &about) != 0) return failure(path_, "read");
  history.touched = Time(Milliseconds(std::int64_t{about.st_mtim.tv_sec} * 1000 + about.st_mtim.tv_nsec / 1'000'000));
  std::string text(std::min(static_cast<std::size_t>(about.st_size), most_record), '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::pread(file.get(), text.data() + size, text.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(path_, "read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  if (!text.empty() && text.find('\n') == std::string::npos)
    history.damage = path_ + " is damaged: its first line has no end";
  int number = 0;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    ++number;
    try {
      take(text.substr(begin, end - begin), history);
    } catch (const std::exception& problem) {
      history.damage = path_ + " is damaged in line " + std::to_string(number) + ": " + problem.what();
    }
  }
  return history;
}

Result<std::optional<Descriptor>> StepRecord::lock() const {
  constexpr int access = O_RDWR | O_CREAT | O_APPEND;
  Descriptor file(open_plain(path_, access, 0600));
  if (!file && errno == ENOENT) {
    std::error_code code;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), code);
    file.reset(open_plain(path_, access, 0600));
  }
  if (!file) return failure(path_, "open");
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return std::optional(std::move(file));
  if (errno == EWOULDBLOCK) return std::optional<Descriptor>();
  return failure(path_, "lock");
}

Result<void> StepRecord::ask(const Descriptor& lock, const LeaderOrder& order, const std::string& nonce) const {
  std::vector<std::string> argv;
  for (const auto& argument : order.argv) argv.push_back(masked(argument, order.secrets));
  std::vector<std::string> names;
  for (const auto& variable : order.environment) names.push_back(variable.substr(0, variable.find('=')));
  const Json json{{"version", record_version},
                  {"id", order.id},
                  {"nonce", nonce},
                  {"argv", argv},
                  {"environment", names},
                  {"working_directory", order.working_directory},
                  {"log", order.log},
                  {"stdout_file", order.stdout_file},
                  {"keep_descendants", order.keep_descendants},
                  {"stop_signal", order.stop_signal},
                  {"grace", order.grace_milliseconds}};
  if (::ftruncate(lock.get(), 0) != 0 || !add(lock.get(), text_of(json))) return failure(path_, "write");
  return {};
}

Result<void> StepRecord::end(const Descriptor& lock, const StepExit& exit) const {
  const Json json{{"how", hows[static_cast<std::size_t>(exit.how)]},
                  {"code", exit.code},
                  {"started", exit.started.time_since_epoch().count()},
                  {"ended", exit.ended.time_since_epoch().count()},
                  {"log_complete", exit.log_complete},
                  {"log_bytes", 0},
                  {"lost_bytes", 0},
                  {"detail", exit.detail}};
  if (!add(lock.get(), text_of(json)) || ::fsync(lock.get()) != 0 || !sync_folder(path_))
    return failure(path_, "write");
  return {};
}

}  // namespace quietgate
