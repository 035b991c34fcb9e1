#include "runner/adapters/local_steps/readiness.h"

#include <poll.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

namespace quietgate {

namespace asio = boost::asio;

namespace {

// Shared with the timer's handler, which may be queued already when the wait ends.
struct Watched {
  asio::posix::stream_descriptor descriptor;
  bool over = false;
  void end() {
    boost::system::error_code ignored;
    over = true;
    descriptor.cancel(ignored);
  }
};

// Also of a wait that is destroyed: the descriptor is its caller's, who closes it.
struct Lent {
  explicit Lent(std::shared_ptr<Watched> what) : watched(std::move(what)) {}
  ~Lent() { watched->descriptor.release(); }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  std::shared_ptr<Watched> watched;
};

}  // namespace

// Asio may wake a waiter for what happened to a descriptor that was closed before: it uses the closed one's record
// again while an event for it is still queued (a pidfd becomes readable a second time when its process is reaped).
bool is_readable(int fd) {
  struct pollfd polled = {fd, POLLIN, 0};
  return ::poll(&polled, 1, 0) > 0;
}

Task<bool> readable(Executor executor, int fd, Stop* stop, Milliseconds most) {
  if (stop != nullptr && stop->requested()) co_return false;
  if (is_readable(fd)) co_return true;
  const auto watched = std::make_shared<Watched>(Watched{asio::posix::stream_descriptor(executor, fd)});
  const Lent lent(watched);
  asio::steady_timer timer(executor);
  if (most != Milliseconds::max()) {
    timer.expires_after(most);
    timer.async_wait([watched](boost::system::error_code cancelled) {
      if (!cancelled) watched->end();
    });
  }
  std::optional<Stop::Listener> listener;
  if (stop != nullptr) listener.emplace(*stop, [&watched] { watched->end(); });
  boost::system::error_code ended;
  do {
    co_await watched->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                            asio::redirect_error(asio::use_awaitable, ended));
  } while (!ended && !watched->over && !is_readable(fd));
  co_return !ended && is_readable(fd);
}

}  // namespace quietgate
