// How many stages may work at once in this service. One thread.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace quietgate {

class Slots {
 public:
  // One stage's place. Given back when it is destroyed, so that none is lost whatever ends the stage or keeps it from
  // beginning. The slots must outlive it.
  class Place {
   public:
    Place() = default;  // of a stage that needs none
    explicit Place(Slots& of) : of_(&of) { --of_->free_; }
    Place(Place&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(of_, other.of_);
      return *this;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { give_back(); }
    void give_back() {
      if (auto* of = std::exchange(of_, nullptr)) of->release();
    }

   private:
    Slots* of_ = nullptr;
  };

  explicit Slots(int count) : free_(count) {}
  // Takes a slot if one is free; otherwise keeps `when_free`, which is called once, after the next release.
  std::optional<Place> try_take(std::function<void()> when_free) {
    if (free_ > 0) return Place(*this);
    waiting_.push_back(std::move(when_free));
    return std::nullopt;
  }
  // Work that was under way before this service started counts, but is never held up.
  Place take() { return Place(*this); }

 private:
  void release() {
    ++free_;
    for (auto& when_free : std::exchange(waiting_, {})) when_free();
  }
  int free_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace quietgate
