// File work that may take long (a tree of a million files, a disk that answers late), beside the loop.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "runner/base/task.h"

namespace quietgate {

class Disk {
 public:
  using StopFlag = std::atomic<bool>;
  virtual ~Disk() = default;
  // Does `work` on another thread; completes on the caller's executor, or throws what it threw. When `stop` is
  // requested: sets the flag that `work` sees, throws Stopped at once and leaves `work` to end by itself (or never to
  // begin). So `work` owns its data, or shares it, and refers to nothing that the caller owns.
  virtual Task<void> perform(std::function<void(const StopFlag& stop)> work, Stop& stop) = 0;

  // The same, for work that answers.
  template <class T>
  Task<T> run(std::function<T(const StopFlag& stop)> work, Stop& stop) {
    auto answer = std::make_shared<std::optional<T>>();
    std::function<void(const StopFlag&)> store = [answer, work](const StopFlag& flag) { answer->emplace(work(flag)); };
    co_await perform(std::move(store), stop);
    co_return std::move(answer->value());
  }
};

}  // namespace quietgate
