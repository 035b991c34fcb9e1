// A section that coroutines pass one after another, in the order in which they came, however often each waits inside.
#pragma once

#include <cstdint>
#include <utility>

#include "runner/base/task.h"

namespace quietgate {

// One thread. It must outlive who waits for it.
class AsyncMutex {
 public:
  class Lock {
   public:
    explicit Lock(AsyncMutex& of) : of_(&of) {}
    Lock(Lock&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Lock& operator=(Lock&&) = delete;
    ~Lock();

   private:
    AsyncMutex* of_;
  };

  explicit AsyncMutex(Executor executor) : freed_(std::move(executor)) {}
  // Costs no wait while nobody is inside. Waits for those before it also when the service stops.
  Task<Lock> lock();

 private:
  Bell freed_;
  std::uint64_t next_ = 0;     // who comes next
  std::uint64_t serving_ = 0;  // who is inside, or may go in
};

}  // namespace quietgate
