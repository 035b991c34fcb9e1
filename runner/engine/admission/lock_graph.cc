#include "runner/engine/admission/lock_graph.h"

#include <algorithm>

namespace quietgate {

void LockGraph::add(const SlotRequest& request, std::uint64_t asked) {
  of_lock_[request.lock].emplace(asked, &request);
  of_run_[request.run].emplace(asked, &request);
}

void LockGraph::remove(const SlotRequest& request, std::uint64_t asked) {
  auto take_out = [&](auto& all, const auto& key) {
    auto found = all.find(key);
    found->second.erase({asked, &request});
    if (found->second.empty()) all.erase(found);
  };
  take_out(of_lock_, request.lock);
  take_out(of_run_, request.run);
}

bool LockGraph::keeps(const RunId& run) const {
  auto found = of_run_.find(run);
  return found != of_run_.end() && found->second.begin()->first == 0;
}

bool LockGraph::kept(const std::string& lock, std::uint64_t before) const {
  auto found = of_lock_.find(lock);
  return found != of_lock_.end() && found->second.begin()->first < before;
}

LockGraph::Needs LockGraph::needs(const RunId& run, std::uint64_t before) const {
  Needs needs;
  auto found = of_run_.find(run);
  if (found == of_run_.end()) return needs;
  for (const auto& [asked, request] : found->second) {
    if (asked >= before) break;
    needs.kept.insert(request->lock);
    needs.later.insert(request->later.begin(), request->later.end());
  }
  return needs;
}

std::optional<RunId> LockGraph::cycle(const SlotRequest& request, std::uint64_t before) const {
  auto kept_by_others = [&](const std::string& lock) { return lock != request.lock && kept(lock, before); };
  if (std::none_of(request.later.begin(), request.later.end(), kept_by_others)) return std::nullopt;
  auto own = needs(request.run, before);
  own.kept.insert(request.lock);
  own.later.insert(request.later.begin(), request.later.end());

  std::set<RunId> open;  // whom the request's run may wait for, over others
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
    auto waits_for_it = [&](const std::string& lock) { return own.kept.contains(lock) && !next.kept.contains(lock); };
    if (std::any_of(next.later.begin(), next.later.end(), waits_for_it)) return run;
    follow(next);
  }
  return std::nullopt;
}

}  // namespace quietgate
