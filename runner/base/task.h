// Coroutines on one thread, and how they are told to stop. The one header that includes Asio.
//
// Everything that waits takes a Stop&. When the stop is requested, the wait ends by throwing Stopped; only the driver
// (and the top of a service loop) catches it. A wait that owns something outside this process (StepExecutor::run) ends
// that first, unless the runner itself is stopping. No capturing lambda is ever a coroutine; parameters are taken by
// value.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "runner/base/time.h"

namespace quietgate {

template <class T = void>
using Task = boost::asio::awaitable<T>;
using Executor = boost::asio::any_io_executor;

// Why a wait must end. `shutdown`: the runner stops, but the work goes on without it and is taken up by the next
// runner.
enum class StopReason { none, cancel, timeout, shutdown };

struct Stopped : std::exception {
  Stopped(StopReason why, std::string because) : reason(why), cause(std::move(because)) {}
  const char* what() const noexcept override { return cause.c_str(); }
  StopReason reason;
  std::string cause;  // `cancelled by ana`, `timed out after 10m`
};

// A request to stop, asked for once and kept. Stops form a tree: a request reaches all below. Not thread-safe: one
// thread, except `requested()`, which any thread may read. A parent must outlive its children; both must outlive who
// listens.
class Stop {
 public:
  Stop() = default;
  explicit Stop(Stop& parent);
  ~Stop();
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  // The first request counts; later ones change nothing. Calls every listener before it returns.
  void request(StopReason reason, std::string cause);
  bool requested() const;
  StopReason reason() const { return reason_; }
  const std::string& cause() const { return cause_; }
  void throw_if_requested() const;  // throws Stopped
  // For blocking work on another thread: becomes true at the request; outlives the Stop.
  std::shared_ptr<const std::atomic<bool>> flag() const { return flag_; }

  // Calls `then` at the request (at once when it was made already), until the Listener is destroyed.
  class Listener {
   public:
    Listener(Stop& stop, std::function<void()> then);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

   private:
    Stop* stop_;
    std::uint64_t id_ = 0;
  };

 private:
  std::shared_ptr<std::atomic<bool>> flag_ = std::make_shared<std::atomic<bool>>(false);
  StopReason reason_ = StopReason::none;
  std::string cause_;
  std::map<std::uint64_t, std::function<void()>> listeners_;
  std::uint64_t next_listener_ = 1;
  std::unique_ptr<Listener> parent_;
};

// A bell: wait() ends at the next ring() after the ring count the waiter has seen. No ring is missed between waits:
//   auto seen = bell.rings(); while (!condition) { co_await bell.wait(seen, stop); seen = bell.rings(); }
class Bell {
 public:
  explicit Bell(Executor executor);
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;
  void ring();
  std::uint64_t rings() const { return rings_; }
  Task<void> wait(std::uint64_t seen, Stop& stop);                      // returns when rings() != seen; throws Stopped
  Task<void> wait(std::uint64_t seen, Milliseconds limit, Stop& stop);  // likewise, or when the limit has passed

 private:
  struct Waiter;
  Executor executor_;
  std::uint64_t rings_ = 0;
  std::list<Waiter*> waiters_;
};

// Runs the task on the executor; `done` gets null, or what it threw. `done` is called on the executor, never inside
// spawn.
void spawn(Executor executor, Task<void> task, std::function<void(std::exception_ptr)> done);

}  // namespace quietgate
