#include "runner/base/task.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

namespace quietgate {

namespace asio = boost::asio;

Stop::Stop(Stop& parent) {
  parent_ = std::make_unique<Listener>(parent, [this, &parent] { request(parent.reason(), parent.cause()); });
}

Stop::~Stop() = default;

void Stop::request(StopReason reason, std::string cause) {
  if (reason_ != StopReason::none) return;
  reason_ = reason;
  cause_ = std::move(cause);
  flag_->store(true);
  // A listener may end itself, or others, while it is called: each is looked up anew.
  std::vector<std::uint64_t> ids;
  for (const auto& [id, then] : listeners_) ids.push_back(id);
  for (auto id : ids) {
    auto found = listeners_.find(id);
    if (found == listeners_.end() || !found->second) continue;
    auto then = std::exchange(found->second, nullptr);
    then();
  }
}

bool Stop::requested() const {
  return flag_->load();
}

void Stop::throw_if_requested() const {
  if (requested()) throw Stopped(reason_, cause_);
}

Stop::Listener::Listener(Stop& stop, std::function<void()> then) : stop_(&stop), id_(stop.next_listener_++) {
  if (stop.reason_ != StopReason::none) {
    then();
  } else {
    stop.listeners_.emplace(id_, std::move(then));
  }
}

Stop::Listener::~Listener() {
  stop_->listeners_.erase(id_);
}

// Cancelling its timer is how a coroutine is woken.
struct Bell::Waiter {
  asio::steady_timer timer;
};

Bell::Bell(Executor executor) : executor_(std::move(executor)) {}
Bell::~Bell() = default;

void Bell::ring() {
  ++rings_;
  for (auto* waiter : waiters_) waiter->timer.cancel();
}

Task<void> Bell::wait(std::uint64_t seen, Stop& stop) {
  return wait(seen, Milliseconds::max(), stop);
}

Task<void> Bell::wait(std::uint64_t seen, Milliseconds limit, Stop& stop) {
  stop.throw_if_requested();
  if (rings_ != seen) co_return;
  Waiter waiter{asio::steady_timer(executor_, asio::steady_timer::time_point::max())};
  if (limit != Milliseconds::max()) waiter.timer.expires_after(limit);
  struct Place {
    std::list<Waiter*>& waiters;
    std::list<Waiter*>::iterator at;
    ~Place() { waiters.erase(at); }
  } place{waiters_, waiters_.insert(waiters_.end(), &waiter)};
  Stop::Listener listener(stop, [&waiter] { waiter.timer.cancel(); });
  boost::system::error_code ignored;
  co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  stop.throw_if_requested();
}

void spawn(Executor executor, Task<void> task, std::function<void(std::exception_ptr)> done) {
  asio::co_spawn(executor, std::move(task), std::move(done));
}

}  // namespace quietgate
