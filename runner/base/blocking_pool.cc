#include "runner/base/blocking_pool.h"

#include <csignal>
#include <system_error>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quietgate {

namespace asio = boost::asio;

// Shared by the thread and the coroutine. `timer` lives in the coroutine and only the loop's thread cancels it; it is
// null once nobody awaits, and from then on the thread does not touch the executor, which may be gone.
struct BlockingPool::Call {
  std::function<void(const std::atomic<bool>&)> work;
  std::atomic<bool> stop{false};
  std::shared_ptr<const std::atomic<bool>> asked;  // of the caller's Stop; true before any listener hears of it
  std::mutex mutex;
  asio::steady_timer* timer = nullptr;
  bool done = false;
  std::exception_ptr thrown;

  static void finish(const std::shared_ptr<Call>& call, std::exception_ptr thrown) {
    std::lock_guard lock(call->mutex);
    call->done = true;
    call->thrown = std::move(thrown);
    if (!call->timer) return;
    asio::post(call->timer->get_executor(), [call] {
      std::lock_guard inner(call->mutex);
      if (call->timer) call->timer->cancel();
    });
  }
};

BlockingPool::BlockingPool(std::size_t most) : most_(most) {}

void BlockingPool::grow() {
  if (waiting_.size() <= idle_ || threads_.size() >= most_) return;
  // Signals belong to the loop's thread; here they would only interrupt system calls.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    threads_.emplace_back([this] { serve(); });
    ++idle_;  // until it takes its first call
  } catch (const std::system_error&) {
    if (threads_.empty()) {
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
      throw;
    }
    // The machine gives no more threads: those that are there get to it.
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

BlockingPool::~BlockingPool() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    for (const auto& call : running_) call->stop.store(true);
    for (const auto& call : waiting_) {
      Call::finish(call, std::make_exception_ptr(Stopped(StopReason::shutdown, "the runner is stopping")));
    }
  }
  arrived_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void BlockingPool::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    arrived_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (closing_) return;
    --idle_;
    auto call = std::move(waiting_.front());
    waiting_.pop_front();
    running_.insert(call);
    lock.unlock();
    std::exception_ptr thrown;
    if (!call->stop.load() && !call->asked->load()) {
      try {
        call->work(call->stop);
      } catch (...) {
        thrown = std::current_exception();
      }
    }
    call->work = nullptr;  // what it owns ends here, before the caller goes on
    Call::finish(call, std::move(thrown));
    lock.lock();
    running_.erase(call);
    ++idle_;
  }
}

void BlockingPool::enqueue(std::shared_ptr<Call> call) {
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(call));
    grow();
  }
  arrived_.notify_one();
}

void BlockingPool::post(std::function<void(const std::atomic<bool>&)> work) {
  auto call = std::make_shared<Call>();
  call->work = std::move(work);
  call->asked = std::make_shared<const std::atomic<bool>>(false);
  enqueue(std::move(call));
}

Task<void> BlockingPool::perform(std::function<void(const std::atomic<bool>&)> work, Stop& stop) {
  stop.throw_if_requested();
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, asio::steady_timer::time_point::max());
  auto call = std::make_shared<Call>();
  call->work = std::move(work);
  call->timer = &timer;
  call->asked = stop.flag();
  // Also when the loop ends and destroys this frame in mid-wait.
  struct Leave {
    std::shared_ptr<Call> call;
    ~Leave() {
      call->stop.store(true);
      std::lock_guard lock(call->mutex);
      call->timer = nullptr;
    }
  } leave{call};
  enqueue(call);
  Stop::Listener listener(stop, [&timer, &call] {
    call->stop.store(true);
    timer.cancel();
  });
  boost::system::error_code ignored;
  // Not awaited when the thread was faster: its post may only run while this waits, so it can't be missed either way.
  for (bool done = false; !done;) {
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    stop.throw_if_requested();
    std::lock_guard lock(call->mutex);
    done = call->done;
  }
  if (call->thrown) std::rethrow_exception(call->thrown);
}

}  // namespace quietgate
