#include "runner/engine/keepers.h"

#include <algorithm>

namespace quietgate {

void Keepers::add(const Wish& wish, std::uint64_t asked) {
  of_lock_[wish.lock].emplace(asked, &wish);
  of_run_[wish.run].emplace(asked, &wish);
}

void Keepers::remove(const Wish& wish, std::uint64_t asked) {
  auto take_out = [&](auto& all, const auto& key) {
    auto found = all.find(key);
    found->second.erase({asked, &wish});
    if (found->second.empty()) all.erase(found);
  };
  take_out(of_lock_, wish.lock);
  take_out(of_run_, wish.run);
}

bool Keepers::keeps(const RunId& run) const {
  auto found = of_run_.find(run);
  return found != of_run_.end() && found->second.begin()->first == 0;
}

bool Keepers::kept(const std::string& lock, std::uint64_t before) const {
  auto found = of_lock_.find(lock);
  return found != of_lock_.end() && found->second.begin()->first < before;
}

Keepers::Needs Keepers::needs(const RunId& run, std::uint64_t before) const {
  Needs needs;
  auto found = of_run_.find(run);
  if (found == of_run_.end()) return needs;
  for (const auto& [asked, wish] : found->second) {
    if (asked >= before) break;
    needs.kept.insert(wish->lock);
    needs.later.insert(wish->later.begin(), wish->later.end());
  }
  return needs;
}

std::optional<RunId> Keepers::circle(const Wish& wish, std::uint64_t before) const {
  auto kept_by_others = [&](const std::string& lock) { return lock != wish.lock && kept(lock, before); };
  if (std::none_of(wish.later.begin(), wish.later.end(), kept_by_others)) return std::nullopt;
  auto own = needs(wish.run, before);
  own.kept.insert(wish.lock);
  own.later.insert(wish.later.begin(), wish.later.end());

  std::set<RunId> open;  // whom the wish's run may wait for, over others
  std::set<RunId> seen;
  std::set<std::string> followed;
  auto follow = [&](const Needs& of) {
    for (const auto& lock : of.later) {
      auto holders = of_lock_.find(lock);
      if (of.kept.contains(lock) || holders == of_lock_.end() || !followed.insert(lock).second) continue;
      for (const auto& [asked, each] : holders->second) {
        if (asked >= before) break;
        open.insert(each->run);
      }
    }
  };
  follow(own);
  while (!open.empty()) {
    const auto run = open.extract(open.begin()).value();
    if (!seen.insert(run).second) continue;
    const auto next = needs(run, before);
    auto waits_for_wish = [&](const std::string& lock) { return own.kept.contains(lock) && !next.kept.contains(lock); };
    if (std::any_of(next.later.begin(), next.later.end(), waits_for_wish)) return run;
    follow(next);
  }
  return std::nullopt;
}

}  // namespace quietgate
