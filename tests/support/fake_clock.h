// A clock that moves only when told to. Sleepers wake in the order of their times.
#pragma once

#include <map>

#include "runner/ports/clock.h"

namespace quietgate {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(Executor executor) : bell_(std::move(executor)) {}
  Time now() const override { return now_ + set_; }
  Task<void> sleep(Milliseconds span, Stop& stop) override {
    const auto until = now_ + span;
    stop.throw_if_requested();
    ++sleepers_;
    struct Leave {
      int& count;
      ~Leave() { --count; }
    } leave{sleepers_};
    while (now_ < until) co_await bell_.wait(bell_.rings(), stop);
  }
  void advance(Milliseconds span) {
    now_ += span;
    bell_.ring();
  }
  // Somebody sets the time of day; sleepers do not notice.
  void set_forward(Milliseconds span) { set_ += span; }
  int sleepers() const { return sleepers_; }

 private:
  Time now_{Milliseconds{1'767'225'600'000}};  // 2026-01-01T00:00:00Z
  Milliseconds set_{0};
  Bell bell_;
  int sleepers_ = 0;
};

}  // namespace quietgate
