// Bounds on libgit2's sockets, which have no timeouts of their own (1.5). Its plain streams are replaced by ones that
// look at a bound (git_stream.h). ssh takes the socket away from the stream: a watchdog shuts it down at the bound
// instead.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "runner/model/types.h"

namespace quietgate {

using StopFlag = std::atomic<bool>;

class NetworkBound {
 public:
  enum class Broken { none, stopped, deadline, idle, size, unresolved, unreachable, redirected };
  using Clock = std::chrono::steady_clock;

  // `idle`: longest silence; `max_bytes`: most that may be received. `stop` outlives this.
  NetworkBound(Milliseconds deadline, Milliseconds idle, std::uint64_t max_bytes, const StopFlag& stop);

  Broken broken() const { return broken_.load(); }
  const std::string& detail() const { return detail_; }  // of the last three
  // The first reason counts.
  void break_by(Broken why, std::string detail = {});
  // The only place that may be connected to (a server's redirect to another is refused: credentials and trust were
  // given for this one). Until then none is.
  void allow(std::string host, int port);
  bool allows(std::string_view host, std::string_view port) const;
  // Stopped, or past the deadline: breaks and says so.
  bool over();
  // Waits for the socket, in slices in which it looks at `stop`. False: broken by the time, the stop or `patience`.
  bool wait(int socket, short events, Milliseconds patience, Broken impatience);
  bool receive(std::uint64_t bytes);
  Milliseconds idle() const { return idle_; }
  Clock::time_point deadline() const { return deadline_; }

  // The socket that a watchdog may shut down; -1: none. Set by the stream.
  void watch(int socket);
  // Shuts the watched socket down when over(), when it is silent for longer than `idle`, or brought too much.
  void shut_down_if_over();

 private:
  void look_at_socket();

  Clock::time_point deadline_;
  Milliseconds idle_;
  std::uint64_t bytes_left_;
  const StopFlag& stop_;
  std::atomic<Broken> broken_{Broken::none};
  std::string detail_;
  std::string host_;
  std::string port_;
  std::mutex mutex_;
  int socket_ = -1;
};

// For ssh: looks at the bound from its own thread.
class SocketWatchdog {
 public:
  explicit SocketWatchdog(NetworkBound& bound);
  ~SocketWatchdog();
  SocketWatchdog(const SocketWatchdog&) = delete;
  SocketWatchdog& operator=(const SocketWatchdog&) = delete;

 private:
  NetworkBound& bound_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace quietgate
