#include "stages/environments/contract/ports.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>
#include <utility>

namespace quietgate {

namespace {

constexpr int lowest = 20'000;
constexpr int highest = 32'000;

// Binds 127.0.0.1:port (0: any) and answers the port that it got; 0 when it is taken.
int try_port(int port) {
  int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (server < 0) return 0;
  // As servers do: a port whose last connections are in TIME_WAIT is free.
  int on = 1;
  ::setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  socklen_t size = sizeof address;
  bool got = ::bind(server, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(server, 1) == 0 &&
             ::getsockname(server, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(server);
  return got ? ntohs(address.sin_port) : 0;
}

int pick(const std::set<int>& held) {
  std::random_device random;
  std::uniform_int_distribution<int> range(lowest, highest);
  for (int tries = 0; tries < 200; ++tries) {
    int port = range(random);
    if (!held.contains(port) && try_port(port) != 0) return port;
  }
  for (int tries = 0; tries < 200; ++tries) {
    int port = try_port(0);
    if (port != 0 && !held.contains(port)) return port;
  }
  return 0;
}

}  // namespace

bool port_is_free(int port) {
  return try_port(port) != 0;
}

LoopbackPorts::Lease::~Lease() {
  if (owner_ == nullptr) return;
  for (const auto& [name, port] : ports) owner_->held_.erase(port);
}

LoopbackPorts::Lease::Lease(Lease&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), ports(std::move(other.ports)) {}

LoopbackPorts::Lease& LoopbackPorts::Lease::operator=(Lease&& other) noexcept {
  std::swap(owner_, other.owner_);
  std::swap(ports, other.ports);
  return *this;
}

Result<LoopbackPorts::Lease> LoopbackPorts::lease(const std::vector<std::string>& names,
                                                  const std::map<std::string, int>& known) {
  std::map<std::string, int> ports;
  for (const auto& name : names) {
    auto found = known.find(name);
    if (found != known.end()) held_.insert(ports[name] = found->second);
  }
  Lease lease(*this, std::move(ports));
  for (const auto& name : names) {
    if (lease.ports.contains(name)) continue;
    int port = pick(held_);
    if (port == 0) return infrastructure_error("no free port on loopback for \"" + name + "\"");
    held_.insert(lease.ports[name] = port);
  }
  return lease;
}

}  // namespace quietgate
