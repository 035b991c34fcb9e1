#include "runner/ports/journal.h"

#include <algorithm>

namespace quietgate {

namespace {

// Rows appended one after another have no gaps; a few more are tried.
constexpr std::int64_t most_tried = 1'000;

// Where reading can go on behind what can't be read after `cursor`; nothing when the journal can't be read at all.
std::optional<std::int64_t> behind_damage(Journal& journal, std::int64_t cursor) {
  const auto last = journal.last();
  for (auto next = cursor + 1; next <= std::min(last, cursor + most_tried); ++next) {
    if (journal.read(next, 1)) return next;
  }
  return std::nullopt;
}

}  // namespace

Result<JournalTail> read_tail(Journal& journal, std::int64_t after, std::size_t limit) {
  JournalTail tail;
  tail.cursor = after;
  auto rows = journal.read(after, limit);
  if (rows) {
    tail.rows = std::move(*rows);
    if (!tail.rows.empty()) tail.cursor = tail.rows.back().sequence;
    return tail;
  }
  // One by one, up to the one that can't be read.
  while (tail.rows.size() < limit) {
    auto one = journal.read(tail.cursor, 1);
    if (one && one->empty()) return tail;
    if (one) {
      tail.cursor = one->front().sequence;
      tail.rows.push_back(std::move(one->front()));
      continue;
    }
    const auto behind = behind_damage(journal, tail.cursor);
    if (!behind && tail.rows.empty()) return one.error();
    if (!behind) return tail;  // the next call tells it
    tail.damage = one.error();
    tail.cursor = *behind;
    return tail;
  }
  return tail;
}

}  // namespace quietgate
