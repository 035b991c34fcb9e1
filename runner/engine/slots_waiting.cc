// What people see of who waits: for what, behind whom, in a sentence.
#include <algorithm>
#include <optional>

#include "runner/engine/slots.h"

namespace quietgate {

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

// It waits, so what is free is not for it.
std::string of_places(int used, int limit) {
  auto words = std::to_string(used) + " of " + std::to_string(limit) + " stages run";
  const int kept = kept_places(limit);
  if (used >= limit) return words;
  return words + ", and the last " + (kept == 1 ? "is" : std::to_string(kept) + " are") +
         " kept for protected branches";
}

}  // namespace

Waiting Slots::describe(const Claimant& entry) const {
  const auto& wish = entry.wish;
  Waiting out{wish.run, wish.stage, wish.since, Waiting::For::service, {}, {}, 1, {}};
  std::optional<RunId> in_the_way;
  if (!wish.lock.empty() && wish.keeps) {
    in_the_way = keepers_.circle_now(wish);
    if (!in_the_way && !keepers_.keeps(wish.run)) in_the_way = keepers_.circle_before(wish, entry.asked);
  }
  const bool locked = !wish.lock.empty() && !lock_free(wish);
  if (locked || in_the_way) {
    out.what = locked ? Waiting::For::lock : Waiting::For::order;
    out.lock = wish.lock;
  } else if (repository_full(wish) && !full(wish)) {
    out.what = Waiting::For::repository;
  }
  for (const auto& each : held_) {
    const auto& held = each.wish;
    const bool named = locked ? held.lock == wish.lock : in_the_way == held.run && held.keeps;
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
             of_places(at_work_.repositories.at(of.run.repository), limits_.repositories.at(of.run.repository)) +
             place_in_line(of.position);
    default:
      return "waits for a free place: " + of_places(used_, limits_.stages) + place_in_line(of.position);
  }
}

bool Slots::waits(const RunId& run) const {
  return waits_.contains(run);
}

std::vector<Waiting> Slots::waiting() const {
  std::map<const Claimant*, Waiting> described;
  std::map<std::pair<Waiting::For, std::string>, Claimants> lines;
  for (const auto& entry : waiting_) {
    auto waiting = describe(entry);
    const auto line = waiting.what == Waiting::For::repository ? entry.wish.run.repository : waiting.lock;
    lines[{waiting.what, line}].push_back(&entry);
    described.emplace(&entry, std::move(waiting));
  }
  for (const auto& [line, entries] : lines) {
    int position = 0;
    const bool at_lock = line.first == Waiting::For::lock;
    const auto& turns = at_lock ? turns_of(line.second) : turns_;
    for (const auto* entry : in_line(entries, turns, at_lock ? PlacesHeld{} : at_work_))
      described.at(entry).position = ++position;
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
