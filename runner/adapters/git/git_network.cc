#include "runner/adapters/git/git_network.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

namespace quietgate {

namespace {

constexpr Milliseconds slice{100};

struct SocketTimes {
  Milliseconds since_sent{};
  Milliseconds since_received{};
  std::uint64_t received = 0;
};

// False where the kernel does not say.
bool read_tcp_info(int socket, SocketTimes& seen) {
  struct tcp_info info = {};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  if (size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received) return false;
  seen.since_sent = Milliseconds(info.tcpi_last_data_sent);
  seen.since_received = Milliseconds(info.tcpi_last_data_recv);
  seen.received = info.tcpi_bytes_received;
  return true;
}

}  // namespace

NetworkBound::NetworkBound(Milliseconds deadline, Milliseconds idle, std::uint64_t max_bytes, const StopFlag& stop)
    : deadline_(Clock::now() + deadline), idle_(idle), bytes_left_(max_bytes), stop_(stop) {}

void NetworkBound::break_by(Broken why, std::string detail) {
  std::lock_guard lock(mutex_);
  if (broken_.load() != Broken::none) return;
  detail_ = std::move(detail);
  broken_.store(why);
}

void NetworkBound::allow(std::string host, int port) {
  host_ = std::move(host);
  port_ = std::to_string(port);
}

bool NetworkBound::allows(std::string_view host, std::string_view port) const {
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return host.size() == host_.size() && ::strncasecmp(host.data(), host_.data(), host.size()) == 0 && port == port_;
}

bool NetworkBound::over() {
  if (stop_.load()) {
    break_by(Broken::stopped);
  } else if (Clock::now() >= deadline_) {
    break_by(Broken::deadline);
  } else {
    return false;
  }
  return true;
}

bool NetworkBound::wait(int socket, short events, Milliseconds patience, Broken impatience) {
  const auto until = Clock::now() + patience;
  while (!over()) {
    const auto left = std::min(until, deadline_) - Clock::now();
    if (Clock::now() >= until) {
      break_by(impatience, "no answer");
      return false;
    }
    const auto ms = std::clamp(std::chrono::ceil<Milliseconds>(left), Milliseconds(0), slice);
    pollfd waited{socket, events, 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(ms.count()));
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;  // an error shows at the next read or write
  }
  return false;
}

bool NetworkBound::receive(std::uint64_t bytes) {
  if (bytes > bytes_left_) {
    break_by(Broken::size);
    return false;
  }
  bytes_left_ -= bytes;
  return true;
}

void NetworkBound::watch(int socket) {
  std::lock_guard lock(mutex_);
  socket_ = socket;
}

void NetworkBound::look_at_socket() {
  auto why = Broken::none;
  {
    std::lock_guard lock(mutex_);
    SocketTimes seen;
    if (socket_ < 0 || !read_tcp_info(socket_, seen)) return;
    if (std::min(seen.since_sent, seen.since_received) > idle_) why = Broken::idle;
    if (seen.received > bytes_left_) why = Broken::size;
  }
  if (why != Broken::none) break_by(why, "no answer");
}

void NetworkBound::shut_down_if_over() {
  look_at_socket();
  const bool out_of_time = over();
  if (!out_of_time && broken() == Broken::none) return;
  std::lock_guard lock(mutex_);
  if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
}

SocketWatchdog::SocketWatchdog(NetworkBound& bound) : bound_(bound) {
  thread_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, slice, [this] { return ending_; })) bound_.shut_down_if_over();
  });
}

SocketWatchdog::~SocketWatchdog() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

}  // namespace quietgate
