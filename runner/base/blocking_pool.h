// A few threads for calls that block (libgit2, libcurl), seen from the loop as tasks.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "runner/base/task.h"

namespace quietgate {

class BlockingPool {
 public:
  // Threads are made when there is work for them, at most so many; they stay.
  explicit BlockingPool(std::size_t most);
  // Tells every call to stop and waits for those that are running: bounded by how often they look at their flag.
  // Calls that have not begun throw Stopped.
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // Runs `work` on one of the threads, in the order of the calls; completes on the caller's executor with what it
  // returned, or throws what it threw. When `stop` is requested: sets the flag that `work` sees, throws Stopped at
  // once and leaves `work` to end by itself (or never to begin). So `work` owns its data, or shares it, and refers to
  // nothing that the caller owns; its answer is then dropped.
  template <class T>
  Task<T> run(std::function<T(const std::atomic<bool>& stop)> work, Stop& stop) {
    if constexpr (std::is_void_v<T>) {
      co_await perform(std::move(work), stop);
    } else {
      auto answer = std::make_shared<std::optional<T>>();
      std::function<void(const std::atomic<bool>&)> store = [answer, work](const std::atomic<bool>& flag) {
        answer->emplace(work(flag));
      };
      co_await perform(std::move(store), stop);
      co_return std::move(answer->value());
    }
  }

  // Runs `work` on one of the threads some time, and nobody hears how it ended; its flag is set when the pool ends.
  void post(std::function<void(const std::atomic<bool>& stop)> work);

 private:
  struct Call;
  void enqueue(std::shared_ptr<Call> call);
  Task<void> perform(std::function<void(const std::atomic<bool>&)> work, Stop& stop);
  void serve();
  void grow();  // with the mutex held

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  bool closing_ = false;
  std::size_t idle_ = 0;
  std::deque<std::shared_ptr<Call>> waiting_;
  std::set<std::shared_ptr<Call>> running_;
  std::vector<std::thread> threads_;
};

}  // namespace quietgate
