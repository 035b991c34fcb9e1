#include "runner/engine/upkeep/tree_limit.h"

#include <algorithm>
#include <utility>

#include "runner/engine/upkeep/low_water.h"

namespace quietgate {

namespace {

constexpr Milliseconds measure_every{5'000};
constexpr int rest_after_look = 10;  // times what it took

}  // namespace

TreeLimit::TreeLimit(DiskGauge& gauge, const AttemptTrees& trees, Clock& clock, Executor executor, std::uint64_t bytes,
                     Say say)
    : gauge_(gauge), trees_(trees), clock_(clock), bytes_(bytes), say_(std::move(say)), entered_(std::move(executor)) {}

TreeLimit::Entry TreeLimit::enter(Running attempt) {
  auto entry = std::make_shared<Running>(std::move(attempt));
  running_.push_back(entry);
  entered_.ring();
  return entry;
}

std::vector<TreeLimit::Entry> TreeLimit::running() {
  std::erase_if(running_, [](const auto& known) { return known.expired(); });
  std::vector<Entry> all;
  for (const auto& known : running_) {
    if (auto one = known.lock(); one && !one->ended) all.push_back(std::move(one));
  }
  return all;
}

Task<void> TreeLimit::watch(Stop& stop) {
  auto pause = measure_every;
  for (;;) {
    while (running().empty()) {
      const auto seen = entered_.rings();
      co_await entered_.wait(seen, stop);
    }
    co_await clock_.sleep(pause, stop);
    const auto begin = clock_.now();
    co_await look(stop);
    pause = std::max(measure_every, rest_after_look * (clock_.now() - begin));
  }
}

Task<void> TreeLimit::look(Stop& stop) {
  std::vector<std::weak_ptr<Running>> looked;
  std::vector<std::string> folders;
  for (const auto& one : running()) {
    looked.emplace_back(one);
    folders.push_back(trees_.written(one->directory));
  }
  const auto used = co_await gauge_.use_of(std::move(folders), stop);
  // Some may have ended meanwhile.
  for (std::size_t place = 0; place < looked.size(); ++place) {
    const auto one = looked[place].lock();
    if (!one || used.at(place) <= bytes_) continue;
    one->ended = true;
    const auto taken = human_bytes(used[place]);
    say_(one->name + " ends: its tree takes " + taken + ", and may take " + human_bytes(bytes_));
    one->end("ended: its tree takes " + taken + " of the disk, more than the limit of " + human_bytes(bytes_));
  }
}

}  // namespace quietgate
