#include "runner/adapters/journal_sqlite/archive_sqlite.h"

#include <algorithm>
#include <set>

#include "runner/adapters/journal_sqlite/journal_store.h"

namespace quietgate {

namespace {

// Every question walks an index from its end and stops at the limit: what is asked each ten minutes must not read a
// history of years. What these spare (the newest of a branch, the last promotions) is little.
const char* const may_go = R"sql(
  AND status = 'finished'
  AND number < (SELECT max(number) FROM runs WHERE repository = r.repository)
  AND (number < (SELECT max(number) FROM runs WHERE repository = r.repository AND branch = r.branch)
    OR NOT EXISTS (SELECT 1 FROM branches AS b WHERE b.repository = r.repository AND b.branch = r.branch))
  AND NOT (promoted > 0 AND number >= ?3)
  AND NOT EXISTS (SELECT 1 FROM environments AS e WHERE e.repository = r.repository AND e.number = r.number)
  AND NOT EXISTS (SELECT 1 FROM unpublished AS u WHERE u.repository = r.repository AND u.number = r.number)
)sql";
const char* const too_many = "SELECT number FROM runs AS r WHERE repository = ?1 AND number <= ?2";
const char* const too_old = "SELECT number FROM runs AS r WHERE repository = ?1 AND finished < ?2";

std::vector<std::string> repositories_with_runs(sqlite3* database) {
  std::vector<std::string> found;
  Statement next(database, "SELECT min(repository) FROM runs WHERE repository > ?1");
  for (std::string after;; found.push_back(after)) {
    next.bind(after);
    if (!next.step() || next.text(0).empty()) return found;
    after = next.text(0);
    next.reset();
  }
}

// Runs are numbered one by one: there can't be more of them than their first and last number allow.
bool may_be_more_than(sqlite3* database, const std::string& repository, std::int64_t limit) {
  Statement first(database, "SELECT min(number) FROM runs WHERE repository = ?1");
  Statement last(database, "SELECT max(number) FROM runs WHERE repository = ?1");
  first.bind(repository).step();
  last.bind(repository).step();
  return last.integer(0) - first.integer(0) >= limit;
}

// The number of the run that has `newer` newer ones behind it in the index; 0: there are not so many.
std::int64_t number_behind(sqlite3* database, const std::string& index, const std::string& repository,
                           std::int64_t newer) {
  Statement statement(database,
                      "SELECT number FROM " + index + " WHERE repository = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2");
  statement.bind(repository, newer);
  return statement.step() ? statement.integer(0) : 0;
}

// SQLite would walk the whole table.
const char* const with_promotion = "(SELECT repository, number FROM runs INDEXED BY runs_promoted WHERE promoted > 0)";

}  // namespace

Result<std::vector<RunId>> ArchiveSqlite::expired_now(const RetentionRule& rule, Time now, std::size_t limit) {
  try {
    auto* database = store_.database.handle();
    std::set<std::pair<std::string, std::int64_t>> found;
    for (const auto& repository : repositories_with_runs(database)) {
      const auto kept =
          number_behind(database, with_promotion, repository, std::max<std::int64_t>(rule.promotions, 1) - 1);
      const auto take = [&](const std::string& question, const char* order, std::int64_t bound) {
        Statement statement(database, question + may_go + order + " LIMIT ?4");
        statement.bind(repository, bound, kept, static_cast<std::int64_t>(limit));
        while (found.size() < limit && statement.step()) found.emplace(repository, statement.integer(0));
      };
      if (rule.runs > 0 && may_be_more_than(database, repository, rule.runs)) {
        take(too_many, "ORDER BY number", number_behind(database, "runs", repository, rule.runs));
      }
      if (rule.age > Milliseconds::zero()) {
        take(too_old, "ORDER BY finished", (now - rule.age).time_since_epoch().count());
      }
      if (found.size() >= limit) break;
    }
    std::vector<RunId> runs;
    for (const auto& [repository, number] : found) runs.push_back({repository, number});
    return runs;
  } catch (const SqliteError& error) {
    return explained(error, "be read");
  }
}

Result<void> ArchiveSqlite::expire_now(const RunId& run) {
  try {
    Statement known(store_.database.handle(),
                    "SELECT commit_id, outcome FROM runs WHERE repository = ?1 AND number = ?2");
    known.bind(run.repository, run.number);
    if (!known.step()) return {};
    RunExpired expired{run, known.text(0), {}, {}};
    parse_outcome(known.text(1), expired.outcome);
    known.reset();
    Transaction transaction(store_.database);
    Statement rows(store_.database.handle(),
                   "DELETE FROM events WHERE repository = ?1 AND number = ?2 AND number > 0 RETURNING sequence");
    std::set<std::int64_t> sequences;
    rows.bind(run.repository, run.number);
    while (rows.step()) sequences.insert(rows.integer(0));
    for (const auto sequence : sequences) {
      if (expired.rows.empty() || expired.rows.back().to + 1 != sequence) expired.rows.push_back({sequence, sequence});
      expired.rows.back().to = sequence;
    }
    const auto sequence = store_.last + 1;
    const auto now = store_.clock.now();
    const Event event = std::move(expired);
    insert(*store_.insert, sequence, now, event);
    store_.projection->add(sequence, now, event);
    transaction.commit();
    store_.last = sequence;
    store_.forget_recent();  // its rows are gone
  } catch (const SqliteError& error) {
    return explained(error, "be written");
  }
  store_.bell.ring();
  return {};
}

}  // namespace quietgate
