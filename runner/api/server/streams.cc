#include "runner/api/server/streams.h"

#include <chrono>
#include <string>

namespace quietgate {

namespace {

constexpr std::string_view still_here = ": still here\n\n";

}  // namespace

Streams::Streams(Executor executor, Api& api, Milliseconds heartbeat)
    : api_(api), heartbeat_(heartbeat), logs_(executor, api.attempts()), journal_(executor, api.journal()) {}

Task<void> Streams::tail_journal(Stop& stop) {
  for (;;) {
    const auto seen = api_.journal().bell().rings();
    auto rows = co_await journal_.take_up();
    api_.observe_damaged_rows(journal_.damaged());
    if (rows && !rows->empty()) {
      bool ends = false;
      for (const auto& row : *rows) {
        api_.observe(row);
        ends = ends || std::holds_alternative<StageFinished>(row.event) ||
               std::holds_alternative<StageSkipped>(row.event) || std::holds_alternative<RunFinished>(row.event);
      }
      if (ends) logs_.tell_all();
    }
    if (rows && journal_.behind()) continue;
    co_await api_.journal().bell().wait(seen, stop);
  }
}

Task<void> Streams::send_log(StreamFollower& reader, LogFeed feed) {
  const auto log = logs_.open(feed.attempt);
  bool over = false;
  auto quiet_since = std::chrono::steady_clock::now();
  bool fresh = true;  // one piece after each wait may go at once: whoever has more to get lets others have their turn
  for (;;) {
    const auto seen = log->news().rings();
    auto piece = log->next(feed.from, over);
    if (piece.text) {
      feed.from = piece.to;
      const auto at_once = fresh ? reader.put_now(*piece.text) : 0;
      fresh = false;
      quiet_since = std::chrono::steady_clock::now();
      if (at_once == piece.text->size()) continue;
      const bool taken = co_await reader.put(std::string_view(*piece.text).substr(at_once));
      if (!taken) co_return;
      continue;
    }
    // Known to be over before this last look at the file: nothing can follow.
    if (over) break;
    over = co_await api_.over(feed);
    if (over) continue;
    const auto patience = logs_.patience(*log, heartbeat_);
    co_await log->news().wait(seen, patience, reader.stop());
    fresh = true;
    // Also where a log can't be watched, and is looked at often: the client must hear that somebody is there.
    if (log->news().rings() != seen || std::chrono::steady_clock::now() - quiet_since < heartbeat_) continue;
    quiet_since = std::chrono::steady_clock::now();
    const bool taken = co_await reader.put(still_here);
    if (!taken) co_return;
  }
  const auto size = std::to_string(feed.from);
  const auto end = "id: " + size + "\nevent: end\ndata: {\"size\":" + size + "}\n\n";
  co_await reader.put(end);
}

Task<void> Streams::send_events(StreamFollower& reader, EventFeed feed) {
  const FollowedJournal::Follower follower(journal_);
  std::optional<std::int64_t> end;  // of a run that is over
  for (;;) {
    const auto seen = journal_.news().rings();
    auto batch = co_await journal_.next(feed);
    if (!batch) co_return;  // the client comes back with its cursor
    feed.after = batch->cursor;
    for (const auto& piece : batch->pieces) {
      const bool taken = co_await reader.put(*piece);
      if (!taken) co_return;
    }
    if (!batch->pieces.empty() || !batch->caught_up) continue;
    if (end && batch->cursor >= *end) break;
    if (feed.run && !end) {
      // What is known to be over has its last row before this one, which may not have been sent yet.
      const bool over = co_await api_.over(*feed.run);
      if (over) end = api_.journal().last();
      if (over) continue;
    }
    co_await journal_.news().wait(seen, heartbeat_, reader.stop());
    if (journal_.news().rings() != seen) continue;
    const bool taken = co_await reader.put(still_here);
    if (!taken) co_return;
  }
  co_await reader.put("event: end\ndata: {}\n\n");
}

}  // namespace quietgate
