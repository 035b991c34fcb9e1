#include "runner/adapters/clock/posix_clock.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quietgate {

namespace asio = boost::asio;

Time PosixClock::now() const {
  return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
}

Task<void> PosixClock::sleep(Milliseconds span, Stop& stop) {
  const bool over = co_await passes(span, stop);
  if (!over) stop.throw_if_requested();
}

// Most timers of the engine are stopped: that must not cost an exception.
Task<bool> PosixClock::passes(Milliseconds span, Stop& stop) {
  if (stop.requested()) co_return false;
  if (span.count() <= 0) co_return true;
  asio::steady_timer timer(executor_, span);
  Stop::Listener listener(stop, [&timer] { timer.cancel(); });
  boost::system::error_code ended;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
  if (stop.requested()) co_return false;
  if (ended) throw boost::system::system_error(ended);
  co_return true;
}

}  // namespace quietgate
