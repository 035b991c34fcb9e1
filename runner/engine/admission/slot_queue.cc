#include "runner/engine/admission/slot_queue.h"

#include <algorithm>
#include <set>

namespace quietgate {

namespace {

template <class Map, class Key>
auto value_of(const Map& map, const Key& key) {
  auto found = map.find(key);
  return found == map.end() ? typename Map::mapped_type{} : found->second;
}

// SlotEntries of branches that are equally protected: the repository first, then its branch, then the run.
class Order {
 public:
  Order(const GrantHistory& grants, const SlotsHeld& held) : grants_(grants), held_(held) {}

  void add(const SlotEntry* entry) {
    const auto name = branch_of(entry->request);
    auto [repository, fresh] = repositories_.try_emplace(name.first);
    if (fresh)
      repository->second.rank = {value_of(held_.repositories, name.first), value_of(grants_.repositories, name.first)};
    auto [branch, unknown] = repository->second.branches.try_emplace(name.second);
    if (unknown) branch->second.rank = {value_of(held_.branches, name), value_of(grants_.branches, name)};
    branch->second.oldest.emplace(std::pair(entry->request.run.number, entry->asked), entry);
  }
  // When all are added.
  void open() {
    for (auto& [name, repository] : repositories_) {
      for (const auto& [branch, of] : repository.branches) repository.heads.insert(of.head(branch));
      heads_.insert(repository.head(name));
    }
  }
  bool empty() const { return heads_.empty(); }
  // The first, who then holds one slot more and has had a turn.
  const SlotEntry* pop() {
    const auto name = std::get<std::string>(heads_.extract(heads_.begin()).value());
    auto& repository = repositories_.at(name);
    const auto branch_name = std::get<std::string>(repository.heads.extract(repository.heads.begin()).value());
    auto& branch = repository.branches.at(branch_name);
    const auto* first = branch.oldest.extract(branch.oldest.begin()).mapped();
    branch.served(++later_);
    repository.served(later_);
    if (!branch.oldest.empty()) repository.heads.insert(branch.head(branch_name));
    if (!repository.heads.empty()) heads_.insert(repository.head(name));
    return first;
  }

 private:
  using Head = std::tuple<int, std::uint64_t, std::uint64_t, std::string>;  // held, turn, asked, name
  struct Ranked {
    std::pair<int, std::uint64_t> rank;  // held, turn
    void served(std::uint64_t when) { rank = {rank.first + 1, when}; }
  };
  struct Branch : Ranked {
    std::map<std::pair<std::int64_t, std::uint64_t>, const SlotEntry*> oldest;
    Head head(const std::string& name) const { return {rank.first, rank.second, oldest.begin()->second->asked, name}; }
  };
  struct Repository : Ranked {
    std::map<std::string, Branch> branches;
    std::set<Head> heads;
    Head head(const std::string& name) const { return {rank.first, rank.second, std::get<2>(*heads.begin()), name}; }
  };

  const GrantHistory& grants_;
  const SlotsHeld& held_;
  std::map<std::string, Repository> repositories_;
  std::set<Head> heads_;
  std::uint64_t later_ = std::uint64_t{1} << 62;
};

}  // namespace

void GrantHistory::add(const SlotRequest& request, std::uint64_t when, bool passes) {
  repositories[request.run.repository] = when;
  branches[branch_of(request)] = when;
  if (request.unprotected) {
    passed = 0;
  } else if (passes) {
    ++passed;
  }
}

SlotEntries in_line(const SlotEntries& entries, const GrantHistory& grants, const SlotsHeld& held) {
  Order protected_ones(grants, held);
  Order others(grants, held);
  for (const auto* entry : entries) (entry->request.unprotected ? others : protected_ones).add(entry);
  protected_ones.open();
  others.open();
  SlotEntries line;
  int passed = grants.passed;
  while (!protected_ones.empty() || !others.empty()) {
    const bool before = !protected_ones.empty() && (others.empty() || passed < most_passed);
    line.push_back(before ? protected_ones.pop() : others.pop());
    passed = before ? passed + 1 : 0;
  }
  return line;
}

Choice first_in_line(const SlotEntries& entries, const GrantHistory& grants, const SlotsHeld& held) {
  Order protected_ones(grants, held);
  Order others(grants, held);
  for (const auto* entry : entries) (entry->request.unprotected ? others : protected_ones).add(entry);
  protected_ones.open();
  others.open();
  const bool both = !protected_ones.empty() && !others.empty();
  if (!protected_ones.empty() && (!both || grants.passed < most_passed)) return {protected_ones.pop(), both};
  return {others.empty() ? nullptr : others.pop(), false};
}

void SlotQueue::join(const SlotEntry& entry) {
  const auto& request = entry.request;
  queues_[{request.run.repository, request.branch, request.needs_slot}].emplace(
      std::pair(request.run.number, entry.asked), &entry);
}

void SlotQueue::leave(const SlotEntry& entry) {
  const auto& request = entry.request;
  auto queue = queues_.find({request.run.repository, request.branch, request.needs_slot});
  queue->second.erase({request.run.number, entry.asked});
  if (queue->second.empty()) queues_.erase(queue);
}

SlotQueue::Heads SlotQueue::heads(const Test& has_slot, const Test& may) const {
  Heads heads;
  for (const auto& [kind, queue] : queues_) look(queue.begin(), queue.end(), has_slot, may, heads);
  return heads;
}

void SlotQueue::heads_of(const RunId& run, const Test& has_slot, const Test& may, Heads& heads) const {
  auto found = queues_.lower_bound({run.repository, std::string(), false});
  for (; found != queues_.end() && std::get<0>(found->first) == run.repository; ++found) {
    const auto& queue = found->second;
    look(queue.lower_bound({run.number, 0}), queue.lower_bound({run.number + 1, 0}), has_slot, may, heads);
  }
}

void SlotQueue::look(Queue::const_iterator from, Queue::const_iterator to, const Test& has_slot, const Test& may,
                     Heads& heads) {
  if (from == to) return;
  if (!has_slot(*from->second)) {
    heads.lack_slot = true;
    return;
  }
  auto found = std::find_if(from, to, [&](const auto& each) { return may(*each.second); });
  if (found != to) heads.able.push_back(found->second);
}

}  // namespace quietgate
