#include "runner/engine/line.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace quietgate {

Claimants in_line(const Claimants& claimants, const GivenAt& given) {
  std::map<std::string, Claimants> by_repository;
  for (const auto* claimant : claimants) by_repository[claimant->wish.run.repository].push_back(claimant);
  using Place = std::tuple<std::uint64_t, std::uint64_t, std::string>;  // turn, asked, repository
  std::set<Place> heads;
  for (auto& [repository, own] : by_repository) {
    std::sort(own.begin(), own.end(), [](const Claimant* a, const Claimant* b) {
      return std::tie(b->wish.run.number, b->asked) < std::tie(a->wish.run.number, a->asked);
    });
    auto turn = given.find(repository);
    heads.emplace(turn == given.end() ? 0 : turn->second, own.back()->asked, repository);
  }
  Claimants line;
  auto later = std::uint64_t{1} << 62;
  while (!heads.empty()) {
    const auto repository = std::get<2>(heads.extract(heads.begin()).value());
    auto& own = by_repository[repository];
    line.push_back(own.back());
    own.pop_back();
    if (!own.empty()) heads.emplace(++later, own.back()->asked, repository);
  }
  return line;
}

void Line::join(const Claimant& claimant) {
  const auto& wish = claimant.wish;
  queues_[{wish.run.repository, wish.place}].emplace(std::pair(wish.run.number, claimant.asked), &claimant);
}

void Line::leave(const Claimant& claimant) {
  const auto& wish = claimant.wish;
  auto queue = queues_.find({wish.run.repository, wish.place});
  queue->second.erase({wish.run.number, claimant.asked});
  if (queue->second.empty()) queues_.erase(queue);
}

Line::Heads Line::heads(const Test& has_place, const Test& may) const {
  Heads heads;
  for (const auto& [kind, queue] : queues_) look(queue.begin(), queue.end(), has_place, may, heads);
  return heads;
}

void Line::heads_of(const RunId& run, const Test& has_place, const Test& may, Heads& heads) const {
  for (const bool place : {false, true}) {
    auto found = queues_.find({run.repository, place});
    if (found == queues_.end()) continue;
    const auto& queue = found->second;
    look(queue.lower_bound({run.number, 0}), queue.lower_bound({run.number + 1, 0}), has_place, may, heads);
  }
}

void Line::look(Queue::const_iterator from, Queue::const_iterator to, const Test& has_place, const Test& may,
                Heads& heads) {
  if (from == to) return;
  if (!has_place(*from->second)) {
    heads.lack_place = true;
    return;
  }
  auto found = std::find_if(from, to, [&](const auto& each) { return may(*each.second); });
  if (found != to) heads.able.push_back(found->second);
}

}  // namespace quietgate
