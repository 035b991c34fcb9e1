#include "runner/leader/leader_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runner/leader/mask.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;
constexpr std::size_t most_record = 1U << 20;
constexpr std::array<const char*, 4> hows{"exited", "signalled", "not_started", "leader_died"};

Error failure(const std::string& path, const char* doing) {
  return infrastructure_error("can't " + std::string(doing) + " " + path + ": " + strerrordesc_np(errno),
                              "check the space and the permissions of the data directory");
}

Result<std::optional<std::string>> read_file(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    return failure(path, "read");
  }
  std::string text;
  char buffer[4096];
  while (text.size() < most_record) {
    const auto got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(path, "read");
    if (got == 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return std::optional(std::move(text));
}

// Reads the record with `fields`, which may throw what nlohmann throws.
template <class Record, class Fields>
Result<std::optional<Record>> read_record(const std::string& path, Fields fields) {
  auto text = read_file(path);
  if (!text) return text.error();
  if (!*text) return std::optional<Record>();
  try {
    const auto json = Json::parse(**text);
    if (json.at("version").get<int>() != 1) throw std::runtime_error("its version is not 1");
    Record record;
    fields(json, record);
    return std::optional(std::move(record));
  } catch (const std::exception& problem) {
    return infrastructure_error(path + " is damaged: " + problem.what(),
                                "look at the disk; the step's log beside it may tell how far it came");
  }
}

Result<void> write_file(const std::string& path, const std::string& text, mode_t mode) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!file) return failure(path, "write");
  for (std::size_t done = 0; done < text.size();) {
    const auto put = ::write(file.get(), text.data() + done, text.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return failure(path, "write");
    done += static_cast<std::size_t>(put);
  }
  return {};
}

Result<void> sync_file(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return failure(path, "write");
  return {};
}

// Bytes of the user's that are not UTF-8 must not keep the record from being written.
std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<void> LeaderDirectory::make() const {
  std::error_code code;
  std::filesystem::create_directories(path_, code);
  if (code) return infrastructure_error("can't make " + path_ + ": " + code.message());
  return {};
}

Result<std::optional<ProcessExit>> LeaderDirectory::exit() const {
  return read_record<ProcessExit>(path_ + "/status.json", [](const Json& json, ProcessExit& exit) {
    const auto how = json.at("how").get<std::string>();
    std::size_t which = 0;
    while (which < hows.size() && how != hows[which]) ++which;
    if (which == hows.size()) throw std::runtime_error("it ended in an unknown way: " + how);
    exit.how = static_cast<ProcessExit::How>(which);
    exit.code = json.at("code").get<int>();
    exit.detail = json.at("detail").get<std::string>();
    exit.log_complete = json.at("log_complete").get<bool>();
    exit.started = Time(Milliseconds(json.at("started").get<std::int64_t>()));
    exit.ended = Time(Milliseconds(json.at("ended").get<std::int64_t>()));
  });
}

Result<std::optional<LeaderRecord>> LeaderDirectory::leader() const {
  return read_record<LeaderRecord>(path_ + "/leader.json", [](const Json& json, LeaderRecord& record) {
    record.id = json.at("id").get<std::string>();
    record.boot = json.at("boot").get<std::string>();
    record.leader = json.at("leader").at("pid").get<int>();
    record.leader_start = json.at("leader").at("start").get<std::uint64_t>();
    record.step = json.at("step").at("pid").get<int>();
    record.step_start = json.at("step").at("start").get<std::uint64_t>();
    record.group = json.value("group", std::string());
    if (record.id.empty() || record.leader <= 1) throw std::runtime_error("it names no leader");
  });
}

Result<std::optional<SpecRecord>> LeaderDirectory::spec() const {
  return read_record<SpecRecord>(path_ + "/spec.json", [](const Json& json, SpecRecord& record) {
    record.id = json.at("id").get<std::string>();
    record.stop_signal = json.at("stop_signal").get<int>();
    record.grace = Milliseconds(json.at("grace").get<std::int64_t>());
  });
}

Time LeaderDirectory::led_since() const {
  struct stat about = {};
  if (::stat((path_ + "/leader.json").c_str(), &about) != 0) return {};
  return Time(Milliseconds(static_cast<std::int64_t>(about.st_mtim.tv_sec) * 1000 + about.st_mtim.tv_nsec / 1'000'000));
}

Result<std::optional<Descriptor>> LeaderDirectory::lock() const {
  const auto path = path_ + "/lock";
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return failure(path, "open");
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return std::optional(std::move(file));
  if (errno == EWOULDBLOCK) return std::optional<Descriptor>();
  return failure(path, "lock");
}

Result<void> LeaderDirectory::write_spec(const LeaderOrder& order) const {
  std::vector<std::string> argv;
  for (const auto& argument : order.argv) argv.push_back(masked(argument, order.secrets));
  std::vector<std::string> names;
  for (const auto& variable : order.environment) names.push_back(variable.substr(0, variable.find('=')));
  const Json json{{"version", 1},
                  {"id", order.id},
                  {"argv", argv},
                  {"environment", names},
                  {"working_directory", order.working_directory},
                  {"log", order.log},
                  {"stdout_file", order.stdout_file},
                  {"keep_descendants", order.keep_descendants},
                  {"stop_signal", order.stop_signal},
                  {"grace", order.grace_milliseconds}};
  return write_file(path_ + "/spec.json", text_of(json), 0600);
}

Result<void> LeaderDirectory::write_exit(const std::string& id, const ProcessExit& exit) const {
  const Json json{{"version", 1},
                  {"id", id},
                  {"how", hows[static_cast<std::size_t>(exit.how)]},
                  {"code", exit.code},
                  {"started", exit.started.time_since_epoch().count()},
                  {"ended", exit.ended.time_since_epoch().count()},
                  {"log_complete", exit.log_complete},
                  {"log_bytes", 0},
                  {"lost_bytes", 0},
                  {"detail", exit.detail}};
  const auto path = path_ + "/status.json.new";
  if (auto written = write_file(path, text_of(json), 0644); !written) return written;
  if (auto synced = sync_file(path); !synced) return synced;
  if (::rename(path.c_str(), (path_ + "/status.json").c_str()) != 0) return failure(path, "rename");
  return sync_file(path_);
}

}  // namespace quietgate
