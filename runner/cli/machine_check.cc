#include "runner/cli/machine_check.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>

#include "runner/adapters/journal_sqlite/journal_care.h"
#include "runner/adapters/sandbox/bubblewrap.h"
#include "runner/service/config.h"

namespace quietgate {

namespace {

constexpr double scarce_gib = 1.0;

struct Tool {
  const char* name;
  const char* alternative;  // does the same
  const char* question;     // how to ask for the version; constants only: a shell sees it
  const char* gives;
  const char* package;
};
constexpr std::array<Tool, 9> tools{{
    {"terraform", "tofu", "version", "`apply` stages with `terraform:`",
     "terraform (apt.releases.hashicorp.com) or tofu"},
    {"locust", nullptr, "--version", "`load` stages", "python3-locust, or: pip install locust"},
    {"prometheus", nullptr, "--version", "an environment that evaluates alert rules", "prometheus"},
    {"promtool", nullptr, "--version", "unit tests of alert rules", "prometheus"},
    {"uwsgi", nullptr, "--version", "the demo's service, which autoscales", "uwsgi-core uwsgi-plugin-python3"},
    {"python3", nullptr, "--version", "the demo's service and Locust", "python3"},
    {"prometheus-node-exporter", "node_exporter", "--version", "the node layer's metrics in the demo",
     "prometheus-node-exporter"},
    {"podman", "docker", "--version", "steps in containers", "podman"},
    {"git", nullptr, "--version", "Git commands in your own steps; quietgate has Git built in", "git"},
}};

std::string on_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string rest = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const auto colon = rest.find(':');
    auto full = rest.substr(0, colon) + "/" + name;
    if (::access(full.c_str(), X_OK) == 0) return full;
    rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
  }
  return {};
}

// The first number with a dot in it that the tool prints about itself within 10 seconds.
std::string version_of(const std::string& name, const char* question) {
  std::string text;
  const auto command = "timeout 10 " + name + " " + question + " 2>&1 </dev/null";
  if (auto* pipe = ::popen(command.c_str(), "r"); pipe != nullptr) {
    std::array<char, 512> bytes{};
    while (text.size() < 4096) {
      const auto count = std::fread(bytes.data(), 1, bytes.size(), pipe);
      if (count == 0) break;
      text.append(bytes.data(), count);
    }
    ::pclose(pipe);
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (std::isdigit(static_cast<unsigned char>(text[at])) == 0) continue;
    const auto end = std::min(text.find_first_not_of("0123456789.", at), text.size());
    auto number = text.substr(at, end - at);
    if (number.find('.') != std::string::npos && number.back() != '.') return number;
    at = end;
  }
  return {};
}

MachineFinding find_tool(const Tool& tool) {
  for (const auto* name : {tool.name, tool.alternative}) {
    if (name == nullptr || on_path(name).empty()) continue;
    const auto version = version_of(name, tool.question);
    return {name, true, false, version.empty() ? "found; it prints no version" : version, {}};
  }
  return {tool.name, false, false, std::string("missing; needed for ") + tool.gives,
          std::string("package: ") + tool.package};
}

MachineFinding find_data(const std::string& data) {
  MachineFinding finding{"data directory", false, true, data, {}};
  std::error_code code;
  if (data.empty()) {
    finding.detail = "HOME is not set, so there is no default";
    finding.advice = "name one with --data";
    return finding;
  }
  std::filesystem::create_directories(data, code);
  auto probe = data + "/.doctor-XXXXXX";
  const int file = code ? -1 : ::mkstemp(probe.data());
  if (file < 0) {
    finding.detail = data + " can't be written";
    finding.advice = "make it writable for this user, or name another with --data";
    return finding;
  }
  ::close(file);
  ::unlink(probe.c_str());
  finding.ok = true;
  finding.detail = data + " can be written";
  return finding;
}

MachineFinding find_space(const std::string& data) {
  struct statvfs facts {};
  MachineFinding finding{"disk", false, true, "its free space can't be read", {}};
  if (::statvfs(data.empty() ? "/" : data.c_str(), &facts) != 0) return finding;
  const auto gib = static_cast<double>(facts.f_bavail) * static_cast<double>(facts.f_frsize) / (1024.0 * 1024 * 1024);
  finding.ok = gib >= scarce_gib;
  finding.detail = fmt::format("{:.1f} GiB free", gib);
  if (!finding.ok) finding.advice = "free some space: logs, checkouts and provider caches need it";
  return finding;
}

MachineFinding find_journal(const std::string& path) {
  MachineFinding finding{"journal", true, true, "none yet", {}};
  std::error_code code;
  const bool interrupted = std::filesystem::exists(path + ".repaired", code);
  if (path.empty() || (!std::filesystem::exists(path, code) && !interrupted)) return finding;
  const auto health = examine_journal(path);
  finding.ok = health && health->whole();
  if (!health) {
    finding.detail = health.error().message;
  } else if (finding.ok) {
    finding.detail = fmt::format("{} rows, all whole", health->rows);
    if (!health->known_lost.empty()) finding.detail += "; an earlier repair lost some rows";
  } else {
    finding.detail = health->problems.front();
    if (health->problems.size() > 1) finding.detail += fmt::format("; {} more", health->problems.size() - 1);
  }
  if (!finding.ok) finding.advice = "stop the service, then: quietgate doctor --repair";
  return finding;
}

// As the service would: by the configuration that QUIETGATE_CONFIG names, if any.
MachineFinding find_isolation(const std::string& data) {
  MachineFinding finding{"isolation", false, true, {}, {}};
  const char* file = std::getenv("QUIETGATE_CONFIG");
  IsolationConfig wanted;
  if (file != nullptr && *file != '\0') {
    if (auto config = load_config(file)) wanted = config->isolation;
  }
  finding.ok = wanted.none;
  finding.detail = "none: each step may read and do all that the service's user may";
  if (wanted.none) return finding;
  BubblewrapOptions options;
  std::error_code code;
  options.data = std::filesystem::canonical(data, code).string();
  options.user = wanted.user;
  auto made = Bubblewrap::make(std::move(options));
  const auto tried = made ? made->try_out() : Result<void>(made.error());
  finding.ok = tried.ok();
  finding.detail = "each step in a sandbox by bubblewrap";
  if (tried && made->user().user != 0) finding.detail += ", as the user " + made->user().name;
  if (tried) return finding;
  finding.detail = tried.error().message;
  finding.advice = tried.error().advice;
  return finding;
}

MachineFinding find_port(ApiClient& client) {
  MachineFinding finding{"port 8330", false, false, {}, {}};
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(8330);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  finding.ok = ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  finding.detail = "free";
  if (finding.ok) return finding;
  auto reply = client.get("/healthz");
  finding.ok = reply && reply->status == 200;
  finding.detail = finding.ok ? "a quietgate service answers" : "used by another program";
  if (!finding.ok) finding.advice = "choose another port for the service with --port";
  return finding;
}

}  // namespace

std::vector<MachineFinding> check_machine(const std::string& data, const std::string& journal, ApiClient& client) {
  std::vector<std::future<MachineFinding>> asked;
  for (const auto& tool : tools) asked.push_back(std::async(std::launch::async, [&tool] { return find_tool(tool); }));
  std::vector<MachineFinding> findings;
  const auto shell = on_path("sh");
  findings.push_back({"sh", !shell.empty(), true, shell.empty() ? "missing: steps are shell commands" : shell, {}});
  findings.push_back(find_data(data));
  const bool has_data = findings.back().ok;
  findings.push_back(find_space(has_data ? data : std::string()));
  if (has_data) findings.push_back(find_isolation(data));
  findings.push_back(find_journal(journal));
  findings.push_back(find_port(client));
  for (auto& finding : asked) findings.push_back(finding.get());
  return findings;
}

}  // namespace quietgate
