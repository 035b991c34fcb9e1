#include "runner/engine/admission/slots.h"

#include <algorithm>
#include <optional>

#include "runner/engine/admission/waiting_sentence.h"

namespace quietgate {

bool Slots::Claim::granted() const {
  return of_ == nullptr || entry_->granted;
}

void Slots::Claim::give_back() {
  if (auto* of = std::exchange(of_, nullptr)) of->give_back(entry_);
}

Slots::Slots(Limits limits) : counts_(limits.stages, std::move(limits.repositories)), locks_(std::move(limits.locks)) {}
Slots::~Slots() = default;

Slots::Claim Slots::ask(SlotRequest request, std::function<void()> when_granted) {
  ++version_;
  grants_.arrived(request);
  auto entry = waiting_.insert(waiting_.end(), SlotEntry{std::move(request), ++tick_});
  entry->self = entry;
  enter(*entry);
  grant();
  entry->when_granted = std::move(when_granted);
  return {*this, entry};
}

Slots::Claim Slots::hold(SlotEntry entry) {
  ++version_;
  grants_.arrived(entry.request);
  entry.asked = ++tick_;
  entry.granted = true;
  auto place = held_.insert(held_.end(), std::move(entry));
  begin(*place);
  return {*this, place};
}

Slots::Claim Slots::take(SlotRequest request) {
  return hold({std::move(request)});
}

Slots::Claim Slots::keep(SlotRequest request) {
  SlotEntry entry{std::move(request)};
  entry.request.needs_slot = false;
  entry.request.keeps = true;
  entry.kept = true;
  return hold(std::move(entry));
}

Slots::Claim Slots::hold_every_lock(const RunId& run) {
  SlotEntry entry;
  entry.request.run = run;
  entry.request.needs_slot = false;
  entry.request.keeps = true;
  entry.kept = true;
  entry.holds_every_lock = true;
  return hold(std::move(entry));
}

void Slots::give_back(std::list<SlotEntry>::iterator entry) {
  ++version_;
  const auto lock = entry->request.lock;
  const auto branch = branch_of(entry->request);
  if (entry->granted) {
    end(*entry);
    held_.erase(entry);
  } else {
    leave(*entry);
    waiting_.erase(entry);
  }
  grant();
  if (!locks_.held(lock) && !for_lock_.contains(lock)) grants_.forget(lock);
  grants_.left(branch);
}

void Slots::enter(SlotEntry& entry) {
  const auto& request = entry.request;
  ++waits_[request.run];
  if (request.lock.empty()) return for_slot_.join(entry);
  for_lock_[request.lock].join(entry);
  open_.insert(request.lock);
  if (!depends_on_keepers(request)) return;
  // Nobody who asked before depends on it.
  locks_.join(entry);
  ++dependent_[request.lock];
}

void Slots::leave(SlotEntry& entry) {
  const auto& request = entry.request;
  if (auto own = waits_.find(request.run); --own->second == 0) waits_.erase(own);
  if (request.lock.empty()) return for_slot_.leave(entry);
  auto queue = for_lock_.find(request.lock);
  queue->second.leave(entry);
  if (queue->second.empty()) {
    for_lock_.erase(queue);
    open_.erase(request.lock);
  }
  if (!depends_on_keepers(request)) return;
  locks_.leave(entry);
  if (auto own = dependent_.find(request.lock); --own->second == 0) dependent_.erase(own);
  reopen_dependent();
}

void Slots::begin(const SlotEntry& entry) {
  counts_.count(entry.request, 1);
  locks_.hold(entry);
  if (entry.request.lock.empty()) return;
  reopen(entry.request.lock);
  if (entry.request.keeps) reopen_dependent();
}

void Slots::end(const SlotEntry& entry) {
  counts_.count(entry.request, -1);
  locks_.release(entry);
  if (entry.holds_every_lock) {
    for (const auto& [lock, queue] : for_lock_) open_.insert(lock);
  }
  if (entry.request.lock.empty()) return;
  reopen(entry.request.lock);
  if (entry.request.keeps) reopen_dependent();
}

void Slots::reopen(const std::string& lock) {
  if (for_lock_.contains(lock)) open_.insert(lock);
}

void Slots::reopen_dependent() {
  for (const auto& [lock, number] : dependent_) open_.insert(lock);
}

// Of a lock's queue, who is first and may go on. When the lock is taken, only who has it may be given it once more.
SlotQueue::Heads Slots::heads(const std::string& lock) const {
  const auto& queue = for_lock_.at(lock);
  const auto has_slot = [this](const SlotEntry& entry) { return counts_.free_for(entry.request); };
  const auto may = [this](const SlotEntry& entry) { return locks_.free_for(entry.request) && locks_.safe_for(entry); };
  const auto only = locks_.only_for(lock);
  if (!only) return queue.heads(has_slot, may);
  SlotQueue::Heads heads;
  for (const auto& run : *only) queue.heads_of(run, has_slot, may, heads);
  return heads;
}

Slots::Picked Slots::pick() {
  const auto has_slot = [this](const SlotEntry& entry) { return counts_.free_for(entry.request); };
  auto able = for_slot_.heads(has_slot, [](const SlotEntry&) { return true; }).able;
  std::set<const SlotEntry*> passing;
  for (auto lock = open_.begin(); lock != open_.end();) {
    const auto found = heads(*lock);
    if (!found.able.empty()) {
      // Places are no matter at a lock.
      const auto choice = first_in_line(found.able, grants_.of(*lock), {});
      able.push_back(choice.first);
      if (choice.passes) passing.insert(choice.first);
    }
    const bool over = found.able.empty() && !found.lack_slot;
    lock = over ? open_.erase(lock) : std::next(lock);
  }
  const auto choice = first_in_line(able, grants_.of_all(), counts_.held());
  return {choice.first, choice.passes, passing.contains(choice.first)};
}

void Slots::grant() {
  for (auto picked = pick(); picked.entry != nullptr; picked = pick()) {
    auto entry = picked.entry->self;
    leave(*entry);
    held_.splice(held_.end(), waiting_, entry);
    entry->granted = true;
    begin(*entry);
    grants_.add(entry->request, ++tick_, picked.passes, picked.passes_at_lock);
    ++version_;
    if (auto tell = std::exchange(entry->when_granted, {})) tell();
  }
}

Waiting Slots::describe(const SlotEntry& entry) const {
  const auto& request = entry.request;
  Waiting out{request.run, request.stage, request.since, Waiting::For::service, {}, {}, 1, {}};
  const auto in_the_way = locks_.in_the_way(entry);
  const bool locked = !request.lock.empty() && !locks_.free_for(request);
  if (locked || in_the_way) {
    out.what = locked ? Waiting::For::lock : Waiting::For::order;
    out.lock = request.lock;
  } else if (counts_.repository_full(request) && !counts_.service_full(request)) {
    out.what = Waiting::For::repository;
  }
  for (const auto& each : held_) {
    const auto& held = each.request;
    const bool named = locked ? held.lock == request.lock : in_the_way == held.run && held.keeps;
    if (named) out.holders.push_back({held.run, held.stage, held.since, each.kept});
  }
  // A stage at work and its environment hold the lock once.
  std::set<RunId> at_work;
  for (const auto& holder : out.holders) {
    if (!holder.kept) at_work.insert(holder.run);
  }
  std::erase_if(out.holders, [&](const LockHolder& holder) { return holder.kept && at_work.contains(holder.run); });
  return out;
}

std::vector<Waiting> Slots::waiting() const {
  std::map<const SlotEntry*, Waiting> described;
  std::map<std::pair<Waiting::For, std::string>, SlotEntries> queues;
  for (const auto& entry : waiting_) {
    auto waiting = describe(entry);
    const auto queue = waiting.what == Waiting::For::repository ? entry.request.run.repository : waiting.lock;
    queues[{waiting.what, queue}].push_back(&entry);
    described.emplace(&entry, std::move(waiting));
  }
  for (const auto& [queue, entries] : queues) {
    int position = 0;
    const bool at_lock = queue.first == Waiting::For::lock;
    const auto& grants = at_lock ? grants_.of(queue.second) : grants_.of_all();
    for (const auto* entry : in_line(entries, grants, at_lock ? SlotsHeld{} : counts_.held()))
      described.at(entry).position = ++position;
  }
  std::vector<Waiting> all;
  for (const auto& entry : waiting_) {
    auto& waiting = described.at(&entry);
    waiting.reason = sentence_of(waiting, counts_, locks_.unreadable());
    all.push_back(std::move(waiting));
  }
  return all;
}

}  // namespace quietgate
