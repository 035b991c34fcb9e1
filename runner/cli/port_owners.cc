#include "runner/cli/port_owners.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>

#include "runner/api/exchange.h"

namespace quietgate {

namespace {

constexpr std::string_view listening = "0A";
constexpr std::uint16_t usual_port = 80;

std::string text_of_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

// `sl local_address rem_address st tx:rx tr:when retrnsmt uid ...`, addresses as `0100007F:208A`.
std::set<uid_t> port_owners_in(std::string_view table, std::uint16_t port) {
  std::set<uid_t> owners;
  std::istringstream lines{std::string(table)};
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retries;
    uid_t uid = 0;
    if (!(fields >> slot >> local >> remote >> state >> queues >> timer >> retries >> uid) || state != listening)
      continue;
    const auto colon = local.rfind(':');
    unsigned found = 0;
    if (colon == std::string::npos) continue;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), found, 16);
    if (found == port) owners.insert(uid);
  }
  return owners;
}

std::set<uid_t> port_owners(std::uint16_t port) {
  auto owners = port_owners_in(text_of_file("/proc/net/tcp"), port);
  owners.merge(port_owners_in(text_of_file("/proc/net/tcp6"), port));
  return owners;
}

std::uint16_t loopback_port(const std::string& server) {
  constexpr std::string_view scheme = "http://";
  if (!server.starts_with(scheme)) return 0;
  const auto authority = server.substr(scheme.size(), server.find('/', scheme.size()) - scheme.size());
  if (authority.find('@') != std::string::npos || !host_allowed(authority, {})) return 0;
  const auto colon = authority.rfind(':');
  if (colon == std::string::npos || authority.ends_with(']')) return usual_port;
  unsigned port = 0;
  const auto* end = authority.data() + authority.size();
  const auto [read, problem] = std::from_chars(authority.data() + colon + 1, end, port);
  return problem == std::errc{} && read == end && port <= UINT16_MAX ? static_cast<std::uint16_t>(port) : 0;
}

}  // namespace quietgate
