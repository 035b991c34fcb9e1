#include "runner/ports/journal.h"

#include <algorithm>

namespace quietgate {

namespace {

// Rows appended one after another have no gaps; a few more are tried.
constexpr std::int64_t most_tried = 1'000;

// Where reading can go on behind what can't be read after `cursor`; nothing when the journal can't be read at all.
Task<std::optional<std::int64_t>> behind_damage(Journal& journal, std::int64_t cursor) {
  const auto last = journal.last();
  for (auto next = cursor + 1; next <= std::min(last, cursor + most_tried); ++next) {
    const auto readable = co_await journal.read(next, 1);
    if (readable) co_return next;
  }
  co_return std::nullopt;
}

}  // namespace

Task<Result<JournalTail>> read_tail(Journal& journal, std::int64_t after, std::size_t limit) {
  JournalTail tail;
  tail.cursor = after;
  auto rows = co_await journal.read(after, limit);
  if (rows) {
    tail.rows = std::move(*rows);
    if (!tail.rows.empty()) tail.cursor = tail.rows.back().sequence;
    co_return tail;
  }
  // One by one, up to the one that can't be read.
  while (tail.rows.size() < limit) {
    auto one = co_await journal.read(tail.cursor, 1);
    if (one && one->empty()) co_return tail;
    if (one) {
      tail.cursor = one->front().sequence;
      tail.rows.push_back(std::move(one->front()));
      continue;
    }
    const auto behind = co_await behind_damage(journal, tail.cursor);
    if (!behind && tail.rows.empty()) co_return one.error();
    if (!behind) co_return tail;  // the next call tells it
    tail.damage = one.error();
    tail.cursor = *behind;
    co_return tail;
  }
  co_return tail;
}

}  // namespace quietgate
