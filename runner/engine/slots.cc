#include "runner/engine/slots.h"

#include <algorithm>
#include <tuple>

namespace quietgate {

struct Slots::Entry {
  Wish wish;
  std::function<void()> when_granted;
  std::uint64_t asked = 0;
  bool granted = false;
  bool kept = false;
  bool doubt = false;
};

// Runs that keep locks between their stages, and what they may still ask for.
struct Slots::Keepers {
  std::map<std::string, std::set<RunId>> of;  // by lock
  std::map<RunId, std::set<std::string>> kept;
  std::map<RunId, std::set<std::string>> later;

  void add(const Wish& wish) {
    of[wish.lock].insert(wish.run);
    kept[wish.run].insert(wish.lock);
    later[wish.run].insert(wish.later.begin(), wish.later.end());
  }
  // Keepers that this run may wait for.
  std::set<RunId> ahead_of(const RunId& run) const {
    std::set<RunId> found;
    auto wanted = later.find(run);
    if (wanted == later.end()) return found;
    for (const auto& lock : wanted->second) {
      auto holders = of.find(lock);
      if (holders == of.end() || kept.at(run).contains(lock)) continue;
      found.insert(holders->second.begin(), holders->second.end());
    }
    return found;
  }
  // The run that would close a circle of waits if this wish were granted; nothing: none would.
  std::set<RunId> circle(const Wish& wish) const {
    auto kept_by_others = [&](const std::string& lock) { return lock != wish.lock && of.contains(lock); };
    if (std::none_of(wish.later.begin(), wish.later.end(), kept_by_others)) return {};
    auto then = *this;
    then.add(wish);
    auto open = then.ahead_of(wish.run);
    std::set<RunId> seen;
    while (!open.empty()) {
      const auto run = open.extract(open.begin()).value();
      if (!seen.insert(run).second) continue;
      const auto next = then.ahead_of(run);
      if (next.contains(wish.run)) return {run};
      open.insert(next.begin(), next.end());
    }
    return {};
  }
};

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
  auto entry = waiting_.insert(waiting_.end(), Entry{std::move(wish), {}, ++tick_, false, false, false});
  grant();
  entry->when_granted = std::move(when_granted);
  return {*this, entry};
}

Slots::Claim Slots::take(Wish wish) {
  ++version_;
  auto entry = held_.insert(held_.end(), Entry{std::move(wish), {}, ++tick_, true, false, false});
  count(entry->wish, 1);
  if (!entry->wish.lock.empty()) locked_[entry->wish.lock].push_back(&*entry);
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

void Slots::give_back(std::list<Entry>::iterator entry) {
  ++version_;
  const auto lock = entry->wish.lock;
  if (!entry->granted) {
    waiting_.erase(entry);
  } else {
    count(entry->wish, -1);
    if (entry->doubt) doubts_.erase(entry->wish.run);
    if (!lock.empty()) {
      auto held = locked_.find(lock);
      std::erase(held->second, &*entry);
      if (held->second.empty()) locked_.erase(held);
    }
    held_.erase(entry);
  }
  grant();
  auto wants = [&](const Entry& e) { return e.wish.lock == lock; };
  if (!locked_.contains(lock) && std::none_of(waiting_.begin(), waiting_.end(), wants)) lock_turns_.erase(lock);
}

void Slots::count(const Wish& wish, int by) {
  if (!wish.place) return;
  used_ += by;
  auto& own = used_by_[wish.run.repository];
  own += by;
  if (own == 0) used_by_.erase(wish.run.repository);
}

int Slots::lock_size(const std::string& lock) const {
  auto found = limits_.locks.find(lock);
  return found == limits_.locks.end() ? 1 : found->second;
}

bool Slots::place_free(const Wish& wish) const {
  if (!wish.place) return true;
  if (used_ >= limits_.stages) return false;
  auto limit = limits_.repositories.find(wish.run.repository);
  auto own = used_by_.find(wish.run.repository);
  return limit == limits_.repositories.end() || own == used_by_.end() || own->second < limit->second;
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

Slots::Keepers Slots::keepers() const {
  Keepers keepers;
  for (const auto& [lock, entries] : locked_) {
    for (const auto* entry : entries) {
      if (entry->wish.keeps) keepers.add(entry->wish);
    }
  }
  return keepers;
}

Slots::Turns Slots::turns_of(const std::string& lock) const {
  auto found = lock_turns_.find(lock);
  return found == lock_turns_.end() ? Turns{} : found->second;
}

// In the order in which they will be served, as far as it can be known now.
Slots::Entries Slots::in_line(Entries entries, Turns turns) {
  std::map<std::string, Entries> by_repository;
  for (const auto* entry : entries) by_repository[entry->wish.run.repository].push_back(entry);
  using Place = std::tuple<std::uint64_t, std::uint64_t, std::string>;  // turn, asked, repository
  std::set<Place> heads;
  for (auto& [repository, own] : by_repository) {
    std::sort(own.begin(), own.end(), [](const Entry* a, const Entry* b) {
      return std::tie(b->wish.run.number, b->asked) < std::tie(a->wish.run.number, a->asked);
    });
    heads.emplace(turns[repository], own.back()->asked, repository);
  }
  Entries line;
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

const Slots::Entry* Slots::pick() const {
  Entries able;
  std::map<std::string, Entries> for_lock;
  auto keep = keepers();
  const auto now = keep;
  for (const auto& entry : waiting_) {
    const auto& wish = entry.wish;
    const bool has_place = place_free(wish);
    if (wish.lock.empty()) {
      if (has_place) able.push_back(&entry);
      continue;
    }
    if (has_place && lock_free(wish)) {
      // Who keeps something already goes by what is kept; who doesn't also leaves room for those who asked before.
      const bool keeps_some = now.kept.contains(wish.run);
      // Both graphs count: in the second, a keeper seems to have what it still waits for.
      const bool safe = !wish.keeps || (now.circle(wish).empty() && (keeps_some || keep.circle(wish).empty()));
      if (safe) for_lock[wish.lock].push_back(&entry);
    }
    if (wish.keeps && wish.later.size() > wish.later.count(wish.lock)) keep.add(wish);
  }
  for (auto& [lock, entries] : for_lock) able.push_back(in_line(std::move(entries), turns_of(lock)).front());
  return able.empty() ? nullptr : in_line(std::move(able), repository_turns_).front();
}

void Slots::grant() {
  for (;;) {
    const bool full = used_ >= limits_.stages;
    if (full && std::all_of(waiting_.begin(), waiting_.end(), [](const Entry& e) { return e.wish.place; })) return;
    const auto* picked = pick();
    if (picked == nullptr) return;
    auto entry = std::find_if(waiting_.begin(), waiting_.end(), [&](const Entry& e) { return &e == picked; });
    held_.splice(held_.end(), waiting_, entry);
    entry->granted = true;
    const auto& wish = entry->wish;
    count(wish, 1);
    repository_turns_[wish.run.repository] = ++tick_;
    if (!wish.lock.empty()) {
      locked_[wish.lock].push_back(&*entry);
      lock_turns_[wish.lock][wish.run.repository] = tick_;
    }
    ++version_;
    if (auto tell = std::exchange(entry->when_granted, {})) tell();
  }
}

namespace {

std::string in_words(const LockHolder& holder) {
  std::string words = to_string(holder.run);
  if (!holder.stage.empty()) words += " " + holder.stage;
  return words + (holder.kept ? " until its environment is gone" : "");
}

std::string in_words(const std::vector<LockHolder>& holders) {
  constexpr std::size_t most = 3;
  std::string words;
  for (std::size_t i = 0; i < std::min(most, holders.size()); ++i) words += (i == 0 ? "" : ", ") + in_words(holders[i]);
  return holders.size() > most ? words + " and " + std::to_string(holders.size() - most) + " more" : words;
}

std::string place_in_line(int position) {
  if (position == 1) return "; next in line";
  const auto ten = position % 100 / 10;
  const char* ending = ten == 1             ? "th"
                       : position % 10 == 2 ? "nd"
                       : position % 10 == 3 ? "rd"
                       : position % 10 == 1 ? "st"
                                            : "th";
  return "; " + std::to_string(position) + ending + " in line";
}

std::string of_places(int used, int limit) {
  return std::to_string(used) + " of " + std::to_string(limit) + " stages run";
}

}  // namespace

Waiting Slots::describe(const Entry& entry, const Keepers& now, const Keepers& before) const {
  const auto& wish = entry.wish;
  Waiting out{wish.run, wish.stage, wish.since, Waiting::For::service, {}, {}, 1, {}};
  std::set<RunId> in_the_way;
  if (!wish.lock.empty() && wish.keeps) {
    in_the_way = now.circle(wish);
    if (in_the_way.empty() && !now.kept.contains(wish.run)) in_the_way = before.circle(wish);
  }
  const bool locked = !wish.lock.empty() && !lock_free(wish);
  if (locked || !in_the_way.empty()) {
    out.what = locked ? Waiting::For::lock : Waiting::For::order;
    out.lock = wish.lock;
  } else if (auto limit = limits_.repositories.find(wish.run.repository);
             limit != limits_.repositories.end() && used_ < limits_.stages && !place_free(wish)) {
    out.what = Waiting::For::repository;
  }
  for (const auto& each : held_) {
    const auto& held = each.wish;
    const bool named = locked ? held.lock == wish.lock : in_the_way.contains(held.run) && held.keeps;
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

std::string Slots::sentence(const Waiting& of) const {
  switch (of.what) {
    case Waiting::For::lock:
      if (of.holders.empty())
        return "waits for lock " + of.lock + ": run " + to_string(*doubts_.begin()) +
               " may hold it, which can't be told while its rows can't be read";
      return "waits for lock " + of.lock + ", held by " + in_words(of.holders) + place_in_line(of.position);
    case Waiting::For::order:
      return "waits to take lock " + of.lock + ": " + in_words(of.holders) +
             " may ask for it too, and each could then wait for the other";
    case Waiting::For::repository:
      return "waits for a place of its repository: " +
             of_places(used_by_.at(of.run.repository), limits_.repositories.at(of.run.repository)) +
             place_in_line(of.position);
    default:
      return "waits for a free place: " + of_places(used_, limits_.stages) + place_in_line(of.position);
  }
}

bool Slots::waits(const RunId& run) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&run](const Entry& entry) {
    return entry.wish.run.number == run.number && entry.wish.run.repository == run.repository;
  });
}

std::vector<Waiting> Slots::waiting() const {
  const auto now = keepers();
  auto before = now;
  std::map<const Entry*, Waiting> described;
  std::map<std::pair<Waiting::For, std::string>, Entries> lines;
  for (const auto& entry : waiting_) {
    auto waiting = describe(entry, now, before);
    const auto& wish = entry.wish;
    if (wish.keeps && wish.later.size() > wish.later.count(wish.lock)) before.add(wish);
    const auto line = waiting.what == Waiting::For::repository ? wish.run.repository : waiting.lock;
    lines[{waiting.what, line}].push_back(&entry);
    described.emplace(&entry, std::move(waiting));
  }
  for (auto& [line, entries] : lines) {
    int position = 0;
    const auto turns = line.first == Waiting::For::lock ? turns_of(line.second) : repository_turns_;
    for (const auto* entry : in_line(std::move(entries), turns)) described.at(entry).position = ++position;
  }
  std::vector<Waiting> all;
  for (const auto& entry : waiting_) {
    auto& waiting = described.at(&entry);
    waiting.reason = sentence(waiting);
    all.push_back(std::move(waiting));
  }
  return all;
}

}  // namespace quietgate
