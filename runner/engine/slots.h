// How many stages may work at once in this service. One thread.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace quietgate {

class Slots {
 public:
  explicit Slots(int count) : free_(count) {}
  // Takes a slot if one is free; otherwise keeps `when_free`, which is called once, after the next release.
  bool try_take(std::function<void()> when_free) {
    if (free_ > 0) {
      --free_;
      return true;
    }
    waiting_.push_back(std::move(when_free));
    return false;
  }
  // Work that was under way before this service started counts, but is never held up.
  void take() { --free_; }
  void release() {
    ++free_;
    for (auto& when_free : std::exchange(waiting_, {})) when_free();
  }

 private:
  int free_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace quietgate
