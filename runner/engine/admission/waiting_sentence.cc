#include "runner/engine/admission/waiting_sentence.h"

#include <algorithm>
#include <vector>

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

}  // namespace

std::string sentence_of(const Waiting& waiting, const SlotCounts& counts, const std::set<RunId>& unreadable) {
  const auto position = place_in_line(waiting.position);
  switch (waiting.what) {
    case Waiting::For::lock:
      if (waiting.holders.empty())
        return "waits for lock " + waiting.lock + ": run " + to_string(*unreadable.begin()) +
               " may hold it, because its rows can't be read";
      return "waits for lock " + waiting.lock + ", held by " + in_words(waiting.holders) + position;
    case Waiting::For::order:
      return "waits to take lock " + waiting.lock + ": " + in_words(waiting.holders) +
             " may ask for it too, and each could then wait for the other";
    case Waiting::For::repository:
      return "waits for a slot of its repository: " + counts.repository_in_words(waiting.run.repository) + position;
    default:
      return "waits for a free slot: " + counts.service_in_words() + position;
  }
}

}  // namespace quietgate
