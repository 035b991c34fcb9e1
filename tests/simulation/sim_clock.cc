#include "tests/simulation/sim_clock.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quietgate {

namespace asio = boost::asio;

namespace {

// A timer that never runs out by itself; the agenda ends it.
struct Alarm {
  Alarm(World& w, const Executor& executor, Milliseconds span)
      : world(w), timer(executor, asio::steady_timer::time_point::max()) {
    entry = world.after(span, [this] { timer.cancel(); });
  }
  ~Alarm() { world.forget(entry); }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  World& world;
  asio::steady_timer timer;
  World::Entry entry;
};

}  // namespace

Task<void> SimClock::sleep(Milliseconds span, Stop& stop) {
  stop.throw_if_requested();
  world_.throw_if_crashed();
  if (span.count() <= 0) co_return;
  Alarm alarm(world_, executor_, span);
  Stop::Listener listener(stop, [&alarm] { alarm.timer.cancel(); });
  boost::system::error_code ignored;
  co_await alarm.timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  stop.throw_if_requested();
}

}  // namespace quietgate
