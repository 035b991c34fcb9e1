#include "tests/simulation/world.h"

#include <cstdio>

namespace quietgate {

World::World(std::uint64_t seed, Planted with, bool traced) : dice(seed), planted(with), traced_(traced) {
  faults = Faults::drawn(dice);
}

World::Entry World::after(Milliseconds delay, std::function<void()> act) {
  Entry entry{elapsed_ + delay, {dice.draw(), ++entries_}};
  agenda_.emplace(entry, std::move(act));
  return entry;
}

bool World::step() {
  if (agenda_.empty()) return false;
  auto first = agenda_.begin();
  elapsed_ = first->first.first;
  auto act = std::move(first->second);
  agenda_.erase(first);
  act();
  return true;
}

void World::keep_breach(const Breach& breach) {
  trace("BREACH", "{}", breach.what());
  breaches_.push_back(breach);
}

void World::throw_breach() const {
  if (!breaches_.empty()) throw breaches_.front();
}

void World::crash(const char* why) {
  trace("world", "the service is killed {}", why);
  crashed_ = true;
  throw Crash{};
}

void World::print(const char* who, const std::string& what) const {
  const auto seconds = elapsed_.count() / 1000;
  fmt::print("{:3}:{:02}:{:02}.{:03} {:<10} {}\n", seconds / 3600, seconds / 60 % 60, seconds % 60,
             elapsed_.count() % 1000, who, what);
}

}  // namespace quietgate
