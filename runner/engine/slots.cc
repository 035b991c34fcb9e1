#include "runner/engine/slots.h"

#include <algorithm>

namespace quietgate {

namespace {

// It keeps the lock, and may then wait for another: whether it may have it depends on what others keep.
bool chained(const Wish& wish) {
  return wish.keeps && wish.later.size() > wish.later.count(wish.lock);
}

}  // namespace

bool Slots::Claim::granted() const {
  return of_ == nullptr || entry_->granted;
}

void Slots::Claim::give_back() {
  if (auto* of = std::exchange(of_, nullptr)) of->give_back(entry_);
}

Slots::Slots(Limits limits) : limits_(std::move(limits)) {}
Slots::~Slots() = default;

Slots::Claim Slots::ask(Wish wish, std::function<void()> when_granted) {
  ++version_;
  arrived(wish);
  auto entry = waiting_.insert(waiting_.end(), Claimant{std::move(wish), ++tick_});
  entry->self = entry;
  enter(*entry);
  grant();
  entry->when_granted = std::move(when_granted);
  return {*this, entry};
}

Slots::Claim Slots::take(Wish wish) {
  ++version_;
  arrived(wish);
  auto entry = held_.insert(held_.end(), Claimant{std::move(wish), ++tick_, true});
  hold(*entry);
  return {*this, entry};
}

Slots::Claim Slots::keep(Wish wish) {
  wish.place = false;
  wish.keeps = true;
  auto claim = take(std::move(wish));
  held_.back().kept = true;
  return claim;
}

Slots::Claim Slots::doubt(const RunId& run) {
  auto claim = keep({run, {}, false, {}, false, {}, Time{}});
  held_.back().doubt = true;
  doubts_.insert(run);
  return claim;
}

void Slots::give_back(std::list<Claimant>::iterator entry) {
  ++version_;
  const auto lock = entry->wish.lock;
  const auto branch = branch_of(entry->wish);
  if (entry->granted) {
    release(*entry);
    held_.erase(entry);
  } else {
    leave(*entry);
    waiting_.erase(entry);
  }
  grant();
  if (!locked_.contains(lock) && !for_lock_.contains(lock)) lock_turns_.erase(lock);
  left(branch);
}

// Branches come and go for years.
void Slots::left(const BranchName& branch) {
  auto found = present_.find(branch);
  if (--found->second > 0) return;
  present_.erase(found);
  turns_.branches.erase(branch);
  for (auto& [lock, turns] : lock_turns_) turns.branches.erase(branch);
}

void Slots::enter(Claimant& entry) {
  const auto& wish = entry.wish;
  ++waits_[wish.run];
  if (wish.lock.empty()) return for_place_.join(entry);
  for_lock_[wish.lock].join(entry);
  open_.insert(wish.lock);
  if (!chained(wish)) return;
  // Nobody who asked before depends on it.
  keepers_.add(wish, entry.asked);
  ++chained_[wish.lock];
}

void Slots::leave(Claimant& entry) {
  const auto& wish = entry.wish;
  if (auto own = waits_.find(wish.run); --own->second == 0) waits_.erase(own);
  if (wish.lock.empty()) return for_place_.leave(entry);
  auto line = for_lock_.find(wish.lock);
  line->second.leave(entry);
  if (line->second.empty()) {
    for_lock_.erase(line);
    open_.erase(wish.lock);
  }
  if (!chained(wish)) return;
  keepers_.remove(wish, entry.asked);
  if (auto own = chained_.find(wish.lock); --own->second == 0) chained_.erase(own);
  reopen_chained();
}

void Slots::hold(Claimant& entry) {
  const auto& wish = entry.wish;
  count(wish, 1);
  if (wish.lock.empty()) return;
  locked_[wish.lock].push_back(&entry);
  reopen(wish.lock);
  if (!wish.keeps) return;
  keepers_.add(wish, 0);
  reopen_chained();
}

void Slots::release(Claimant& entry) {
  const auto& wish = entry.wish;
  count(wish, -1);
  if (entry.doubt) {
    doubts_.erase(wish.run);
    for (const auto& [lock, line] : for_lock_) open_.insert(lock);
  }
  if (wish.lock.empty()) return;
  auto held = locked_.find(wish.lock);
  std::erase(held->second, &entry);
  if (held->second.empty()) locked_.erase(held);
  reopen(wish.lock);
  if (!wish.keeps) return;
  keepers_.remove(wish, 0);
  reopen_chained();
}

void Slots::count(const Wish& wish, int by) {
  if (!wish.place) return;
  const auto add = [by](auto& counts, const auto& key) {
    auto& count = counts[key];
    count += by;
    if (count == 0) counts.erase(key);
  };
  used_ += by;
  add(at_work_.repositories, wish.run.repository);
  add(at_work_.branches, branch_of(wish));
  if (!wish.unprotected) return;
  unprotected_ += by;
  add(unprotected_by_, wish.run.repository);
}

void Slots::reopen(const std::string& lock) {
  if (for_lock_.contains(lock)) open_.insert(lock);
}

void Slots::reopen_chained() {
  for (const auto& [lock, number] : chained_) open_.insert(lock);
}

int Slots::lock_size(const std::string& lock) const {
  auto found = limits_.locks.find(lock);
  return found == limits_.locks.end() ? 1 : found->second;
}

bool Slots::full(const Wish& wish) const {
  if (used_ >= limits_.stages) return true;
  return wish.unprotected && unprotected_ >= limits_.stages - kept_places(limits_.stages);
}

bool Slots::repository_full(const Wish& wish) const {
  auto limit = limits_.repositories.find(wish.run.repository);
  if (limit == limits_.repositories.end()) return false;
  const auto count = [&](const std::map<std::string, int>& counts) {
    auto own = counts.find(wish.run.repository);
    return own == counts.end() ? 0 : own->second;
  };
  if (count(at_work_.repositories) >= limit->second) return true;
  return wish.unprotected && count(unprotected_by_) >= limit->second - kept_places(limit->second);
}

bool Slots::place_free(const Wish& wish) const {
  return !wish.place || (!full(wish) && !repository_full(wish));
}

// A run counts once, however many of its stages want the lock; these go one after the other.
bool Slots::lock_free(const Wish& wish) const {
  if (doubts_.size() > doubts_.count(wish.run)) return false;
  auto held = locked_.find(wish.lock);
  if (held == locked_.end()) return true;
  std::set<RunId> runs;
  for (const auto* entry : held->second) {
    if (entry->wish.run == wish.run && !entry->kept) return false;
    runs.insert(entry->wish.run);
  }
  return runs.contains(wish.run) || static_cast<int>(runs.size()) < lock_size(wish.lock);
}

// Who keeps something already goes by what is kept; who doesn't also leaves room for those who asked before. There, a
// keeper seems to have what it still waits for, so that both count.
bool Slots::safe(const Claimant& claimant) const {
  const auto& wish = claimant.wish;
  if (!chained(wish)) return true;
  return !keepers_.circle_now(wish) && (keepers_.keeps(wish.run) || !keepers_.circle_before(wish, claimant.asked));
}

// Of a lock's line, who is first and may go on. When the lock is taken, only who has it may be given it once more.
Line::Heads Slots::heads(const std::string& lock) const {
  const auto& line = for_lock_.at(lock);
  const auto has_place = [this](const Claimant& claimant) { return place_free(claimant.wish); };
  const auto may = [this](const Claimant& claimant) { return lock_free(claimant.wish) && safe(claimant); };
  if (doubts_.size() > 1) return {};
  auto only = doubts_;
  if (auto held = locked_.find(lock); only.empty() && held != locked_.end()) {
    for (const auto* entry : held->second) only.insert(entry->wish.run);
    if (static_cast<int>(only.size()) < lock_size(lock)) only.clear();
  }
  if (only.empty()) return line.heads(has_place, may);
  Line::Heads heads;
  for (const auto& run : only) line.heads_of(run, has_place, may, heads);
  return heads;
}

const TurnsGiven& Slots::turns_of(const std::string& lock) const {
  static const TurnsGiven none;
  auto found = lock_turns_.find(lock);
  return found == lock_turns_.end() ? none : found->second;
}

Slots::Picked Slots::pick() {
  const auto has_place = [this](const Claimant& claimant) { return place_free(claimant.wish); };
  auto able = for_place_.heads(has_place, [](const Claimant&) { return true; }).able;
  std::set<const Claimant*> passing;
  for (auto lock = open_.begin(); lock != open_.end();) {
    const auto found = heads(*lock);
    if (!found.able.empty()) {
      // Places are no matter at a lock.
      const auto choice = first_in_line(found.able, turns_of(*lock), {});
      able.push_back(choice.first);
      if (choice.passes) passing.insert(choice.first);
    }
    const bool over = found.able.empty() && !found.lack_place;
    lock = over ? open_.erase(lock) : std::next(lock);
  }
  const auto choice = first_in_line(able, turns_, at_work_);
  return {choice.first, choice.passes, passing.contains(choice.first)};
}

void Slots::grant() {
  for (auto picked = pick(); picked.claimant != nullptr; picked = pick()) {
    auto entry = picked.claimant->self;
    leave(*entry);
    held_.splice(held_.end(), waiting_, entry);
    entry->granted = true;
    hold(*entry);
    const auto& wish = entry->wish;
    turns_.give(wish, ++tick_, picked.passes);
    if (!wish.lock.empty()) lock_turns_[wish.lock].give(wish, tick_, picked.passes_at_lock);
    ++version_;
    if (auto tell = std::exchange(entry->when_granted, {})) tell();
  }
}

}  // namespace quietgate
