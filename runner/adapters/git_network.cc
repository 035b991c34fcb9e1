#include "runner/adapters/git_network.h"

#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace quietgate {

namespace {
constexpr Milliseconds slice{100};
}

NetworkBound::NetworkBound(Milliseconds deadline, Milliseconds idle, std::uint64_t max_bytes,
                           const std::atomic<bool>& stop)
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

void NetworkBound::shut_down_if_over() {
  if (!over()) return;
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
