#include "runner/base/serial_work.h"

namespace quietgate {

SerialWork::Lock::~Lock() {
  if (of_ == nullptr) return;
  ++of_->serving_;
  of_->freed_.ring();
}

Task<SerialWork::Lock> SerialWork::lock() {
  const auto mine = next_++;
  Stop never;
  for (;;) {
    const auto seen = freed_.rings();
    if (serving_ == mine) co_return Lock(*this);
    co_await freed_.wait(seen, never);
  }
}

void SerialWork::begin(std::function<Task<void>()> work) {
  ++begun_;
  spawn(executor_, in_turn(std::move(work)), [this](std::exception_ptr error) {
    --begun_;
    ended_.ring();
    if (error) std::rethrow_exception(error);
  });
}

Task<void> SerialWork::in_turn(std::function<Task<void>()> work) {
  const auto alone = co_await lock();
  co_await work();
}

Task<void> SerialWork::idle() {
  Stop never;
  for (;;) {
    const auto seen = ended_.rings();
    if (begun_ == 0) co_return;
    co_await ended_.wait(seen, never);
  }
}

}  // namespace quietgate
