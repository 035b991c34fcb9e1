// Work that is done one piece after another, in the order in which it came, however often each waits for others: by
// coroutines that lock() before they begin, and apart from whoever asks for it.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "runner/base/task.h"

namespace quietgate {

// One thread. It must outlive who waits for it, and what was begun: wait for idle().
class SerialWork {
 public:
  // Held while a piece is done.
  class Lock {
   public:
    explicit Lock(SerialWork& of) : of_(&of) {}
    Lock(Lock&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Lock& operator=(Lock&&) = delete;
    ~Lock();

   private:
    SerialWork* of_;
  };

  explicit SerialWork(Executor executor) : executor_(executor), freed_(executor), ended_(std::move(executor)) {}
  // Costs no wait while nobody is inside. Waits for those before it also when the service stops.
  Task<Lock> lock();
  // Does `work`, which makes the task, as a piece of its own. What it throws leaves the loop.
  void begin(std::function<Task<void>()> work);
  // Returns when nothing that was begun goes on.
  Task<void> idle();

 private:
  Task<void> in_turn(std::function<Task<void>()> work);

  Executor executor_;
  Bell freed_;
  std::uint64_t next_ = 0;     // who comes next
  std::uint64_t serving_ = 0;  // who is inside, or may go in
  int begun_ = 0;              // that has not ended
  Bell ended_;
};

}  // namespace quietgate
