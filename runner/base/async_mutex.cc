#include "runner/base/async_mutex.h"

namespace quietgate {

AsyncMutex::Lock::~Lock() {
  if (of_ == nullptr) return;
  ++of_->serving_;
  of_->freed_.ring();
}

Task<AsyncMutex::Lock> AsyncMutex::lock() {
  const auto mine = next_++;
  Stop never;
  for (;;) {
    const auto seen = freed_.rings();
    if (serving_ == mine) co_return Lock(*this);
    co_await freed_.wait(seen, never);
  }
}

}  // namespace quietgate
