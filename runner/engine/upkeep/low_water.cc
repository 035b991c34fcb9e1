#include "runner/engine/upkeep/low_water.h"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

namespace quietgate {

namespace {

constexpr Milliseconds look_every{2'000};
constexpr Milliseconds look_in_vain_again{
    10'000};  // when nobody could give back enough: to count what they wrote takes a walk
constexpr std::uint64_t least_written = 1ULL << 20;

}  // namespace

std::string human_bytes(std::uint64_t bytes) {
  char text[32];
  const auto value = static_cast<double>(bytes);
  if (value >= 950e6)
    std::snprintf(text, sizeof text, "%.1f GB", value / 1e9);
  else
    std::snprintf(text, sizeof text, "%.0f MB", value / 1e6);
  return text;
}

LowWater::LowWater(DiskGauge& gauge, Clock& clock, Executor executor, LowWaterRule rule, std::string disk, Say say)
    : gauge_(gauge),
      clock_(clock),
      rule_(rule),
      disk_(std::move(disk)),
      say_(std::move(say)),
      entered_(std::move(executor)) {}

LowWater::~LowWater() = default;

LowWater::Entry& LowWater::Entry::operator=(Entry&& other) noexcept {
  leave();
  owner_ = std::exchange(other.owner_, nullptr);
  place_ = other.place_;
  return *this;
}

void LowWater::Entry::leave() {
  if (owner_ != nullptr) std::exchange(owner_, nullptr)->running_.erase(place_);
}

LowWater::Entry LowWater::enter(Running attempt) {
  Entry entry;
  entry.owner_ = this;
  entry.place_ = running_.insert(running_.end(), std::move(attempt));
  entered_.ring();
  return entry;
}

std::uint64_t LowWater::mark(const DiskSpace& space) const {
  return std::min(rule_.bytes, space.size / 100 * static_cast<std::uint64_t>(rule_.percent));
}

// Once, until it is otherwise.
void LowWater::say_in_vain(const std::string& left, std::uint64_t missing, std::uint64_t most) {
  if (std::exchange(in_vain_, true)) return;
  say_(left + ", " + human_bytes(missing) +
       " less than `keep_free`, and no attempt can free enough: the largest has written " + human_bytes(most) +
       "; no attempt is ended: free some space, or keep fewer runs: see `retention`");
}

Task<void> LowWater::watch(Stop& stop) {
  for (;;) {
    // Nobody fills the disk: a service that rests does not wake for it.
    while (running_.empty()) {
      const auto seen = entered_.rings();
      co_await entered_.wait(seen, stop);
    }
    co_await look(stop);
    auto pause = look_every;
    if (in_vain_) pause = look_in_vain_again;
    co_await clock_.sleep(pause, stop);
  }
}

Task<void> LowWater::look(Stop& stop) {
  auto space = gauge_.space();
  if (!space) co_return;
  if (space->free >= mark(*space)) {
    if (std::exchange(in_vain_, false))
      say_("the disk of " + disk_ + " has " + human_bytes(space->free) + " left again");
    co_return;
  }
  const auto left = "the disk of " + disk_ + " has " + human_bytes(space->free) + " left";
  const auto missing = mark(*space) - space->free;
  // What one gives back is waited for before another ends.
  const auto ending = [](const Running& one) { return one.ended; };
  if (std::any_of(running_.begin(), running_.end(), ending)) co_return;
  std::vector<std::string> folders;
  for (const auto& one : running_) folders.push_back(one.directory);
  auto asked = folders;
  const auto used = co_await gauge_.use_of(std::move(asked), stop);
  // Some may have ended meanwhile.
  std::uint64_t most = 0;
  Running* writer = nullptr;
  for (auto& one : running_) {
    const auto at = std::find(folders.begin(), folders.end(), one.directory);
    if (at == folders.end()) continue;
    const auto bytes = used.at(static_cast<std::size_t>(at - folders.begin()));
    if (writer == nullptr || bytes > most) {
      most = bytes;
      writer = &one;
    }
  }
  if (writer == nullptr) co_return;
  if (most < std::max(missing, least_written)) {
    say_in_vain(left, missing, most);
    co_return;
  }
  in_vain_ = false;
  writer->ended = true;
  say_(writer->name + " ends: it has written " + human_bytes(most) + ", and " + left);
  writer->end("ended: " + left + ", and it has written most: " + human_bytes(most));
}

}  // namespace quietgate
