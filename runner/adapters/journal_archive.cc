// The journal forgets runs: what may go, and how it goes.
#include "runner/adapters/journal_store.h"

namespace quietgate {

namespace {

// ?1 now - age, ?2 whether there is an age, ?3 runs, ?4 promotions, ?5 limit
const char* const expired_runs = R"sql(
SELECT repository, number FROM runs AS r
WHERE status = 'finished'
  AND ((?2 AND finished < ?1)
    OR (?3 > 0 AND number <= (SELECT number FROM runs WHERE repository = r.repository
                              ORDER BY number DESC LIMIT 1 OFFSET ?3)))
  AND number < (SELECT max(number) FROM runs WHERE repository = r.repository)
  AND (number < (SELECT max(number) FROM runs WHERE repository = r.repository AND branch = r.branch)
    OR NOT EXISTS (SELECT 1 FROM branches AS b WHERE b.repository = r.repository AND b.branch = r.branch))
  AND NOT (promoted > 0 AND number >= ifnull((SELECT number FROM runs WHERE repository = r.repository AND promoted > 0
                                              ORDER BY number DESC LIMIT 1 OFFSET ?4 - 1), 0))
  AND NOT EXISTS (SELECT 1 FROM environments AS e WHERE e.repository = r.repository AND e.number = r.number)
ORDER BY first LIMIT ?5
)sql";

}  // namespace

Result<std::vector<RunId>> JournalSqlite::expired(const RetentionRule& rule, Time now, std::size_t limit) {
  try {
    Statement statement(store_->database.handle(), expired_runs);
    const bool aged = rule.age > Milliseconds::zero();
    statement.bind((now - rule.age).time_since_epoch().count(), std::int64_t{aged}, rule.runs,
                   std::max<std::int64_t>(rule.promotions, 1), static_cast<std::int64_t>(limit));
    std::vector<RunId> runs;
    while (statement.step()) runs.push_back({statement.text(0), statement.integer(1)});
    return runs;
  } catch (const SqliteError& error) {
    return explained(error, "be read");
  }
}

Result<void> JournalSqlite::expire(const RunId& run) {
  auto known = this->run(run);
  if (!known) return known.error();
  if (!known->has_value()) return {};
  RunExpired expired{run, (*known)->commit, (*known)->outcome, {}};
  try {
    Transaction transaction(store_->database);
    Statement rows(store_->database.handle(),
                   "DELETE FROM events WHERE repository = ?1 AND number = ?2 AND number > 0 RETURNING sequence");
    std::set<std::int64_t> sequences;
    rows.bind(run.repository, run.number);
    while (rows.step()) sequences.insert(rows.integer(0));
    for (const auto sequence : sequences) {
      if (expired.rows.empty() || expired.rows.back().to + 1 != sequence) expired.rows.push_back({sequence, sequence});
      expired.rows.back().to = sequence;
    }
    const auto sequence = store_->last + 1;
    const auto now = store_->clock.now();
    const Event event = std::move(expired);
    insert(*store_->insert, sequence, now, event);
    store_->projection->add(sequence, now, event);
    transaction.commit();
    store_->last = sequence;
  } catch (const SqliteError& error) {
    return explained(error, "be written");
  }
  store_->bell.ring();
  return {};
}

}  // namespace quietgate
