#include "runner/adapters/journal_sqlite/journal_projection.h"

#include <map>

#include "runner/adapters/journal_sqlite/journal_rows.h"

namespace quietgate {

const char* const events_schema = R"sql(
CREATE TABLE events (
  sequence INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  repository TEXT NOT NULL,
  number INTEGER NOT NULL,
  payload TEXT NOT NULL,
  checksum BLOB NOT NULL
);
CREATE INDEX events_of_run ON events (repository, number, sequence) WHERE number > 0;
)sql";

const char* const projections_schema = R"sql(
CREATE TABLE runs (
  repository TEXT NOT NULL,
  number INTEGER NOT NULL,
  first INTEGER NOT NULL,
  branch TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  cause TEXT NOT NULL,
  status TEXT NOT NULL,
  outcome TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  requested INTEGER NOT NULL,
  started INTEGER NOT NULL DEFAULT 0,
  finished INTEGER NOT NULL DEFAULT 0,
  promoted INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (repository, number)
) WITHOUT ROWID;
CREATE INDEX runs_by_first ON runs (first);
CREATE INDEX runs_of_branch ON runs (repository, branch, number);
CREATE INDEX runs_promoted ON runs (repository, number) WHERE promoted > 0;
CREATE INDEX runs_finished ON runs (repository, finished) WHERE status = 'finished';
CREATE INDEX runs_unfinished ON runs (first) WHERE status <> 'finished';
CREATE TABLE repositories (
  repository TEXT PRIMARY KEY,
  url TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE branches (
  repository TEXT NOT NULL,
  branch TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  PRIMARY KEY (repository, branch)
) WITHOUT ROWID;
CREATE TABLE environments (
  id TEXT PRIMARY KEY,
  repository TEXT NOT NULL,
  number INTEGER NOT NULL,
  stage TEXT NOT NULL,
  provisioner TEXT NOT NULL,
  status TEXT NOT NULL,
  keep INTEGER NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  ports TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  problem TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE unpublished (
  sequence INTEGER PRIMARY KEY,
  repository TEXT NOT NULL,
  number INTEGER NOT NULL,
  stage TEXT NOT NULL,
  sealed INTEGER NOT NULL
);
)sql";

Projection::Projection(Database& database)
    : new_run_(database.handle(),
               "INSERT OR IGNORE INTO runs (repository, number, first, branch, commit_id, cause, status, requested) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'requested', ?7)"),
      run_started_(database.handle(),
                   "UPDATE runs SET status = 'running', started = ?3 "
                   "WHERE repository = ?1 AND number = ?2 AND status = 'requested'"),
      run_finished_(database.handle(),
                    "UPDATE runs SET status = 'finished', outcome = ?3, reason = ?4, finished = ?5 "
                    "WHERE repository = ?1 AND number = ?2 AND status <> 'finished'"),
      run_reopened_(database.handle(),
                    "UPDATE runs SET status = 'running' WHERE repository = ?1 AND number = ?2 AND status = 'finished'"),
      watched_(database.handle(), "INSERT OR REPLACE INTO repositories (repository, url) VALUES (?1, ?2)"),
      branch_at_(database.handle(),
                 "INSERT OR REPLACE INTO branches (repository, branch, commit_id) VALUES (?1, ?2, ?3)"),
      branch_gone_(database.handle(), "DELETE FROM branches WHERE repository = ?1 AND branch = ?2"),
      environment_planned_(
          database.handle(),
          "INSERT INTO environments (id, repository, number, stage, provisioner, status, keep, created, expires, "
          "ports) "
          "VALUES (?1, ?2, ?3, ?4, ?5, 'planned', ?6, ?7, ?8, ?9) ON CONFLICT (id) DO UPDATE SET repository = ?2, "
          "number = ?3, stage = ?4, provisioner = ?5, status = 'planned', keep = ?6, created = ?7, expires = ?8, ports "
          "= ?9, "
          "tries = 0, problem = ''"),
      environment_ready_(database.handle(), "UPDATE environments SET status = 'ready' WHERE id = ?1"),
      environment_gone_(database.handle(), "DELETE FROM environments WHERE id = ?1"),
      environment_failing_(database.handle(),
                           "UPDATE environments SET status = 'failing', tries = ?2, problem = ?3 WHERE id = ?1"),
      environment_unwanted_(database.handle(),
                            "UPDATE environments SET keep = 0, expires = ?2, tries = 0 WHERE id = ?1"),
      environment_extended_(database.handle(),
                            "UPDATE environments SET expires = ?2 WHERE id = ?1 AND keep = 0 AND expires < ?2"),
      run_promoted_(database.handle(), "UPDATE runs SET promoted = ?3 WHERE repository = ?1 AND number = ?2"),
      run_expired_(database.handle(), "DELETE FROM runs WHERE repository = ?1 AND number = ?2"),
      evidence_sealed_(database.handle(),
                       "INSERT OR IGNORE INTO unpublished (sequence, repository, number, stage, sealed) "
                       "VALUES (?1, ?2, ?3, ?4, ?5)"),
      evidence_published_(database.handle(),
                          "DELETE FROM unpublished WHERE repository = ?1 AND number = ?2 AND stage = ?3"),
      evidence_expired_(database.handle(), "DELETE FROM unpublished WHERE repository = ?1 AND number = ?2") {}

namespace {

std::string ports_json(const std::map<std::string, int>& ports) {
  std::string text = "{";
  for (const auto& [name, port] : ports) text += (text.size() > 1 ? ",\"" : "\"") + name + "\":" + std::to_string(port);
  return text + "}";
}

std::int64_t milliseconds(Time time) {
  return time.time_since_epoch().count();
}

}  // namespace

void Projection::add(std::int64_t sequence, Time at, const Event& event) {
  const std::int64_t now = milliseconds(at);
  if (const auto* asked = std::get_if<RunRequested>(&event)) {
    const auto& run = asked->run;
    new_run_.bind(run.repository, run.number, sequence, asked->branch, asked->commit, asked->cause, now).run();
  } else if (const auto* compiled = std::get_if<PlanCompiled>(&event)) {
    run_started_.bind(compiled->run.repository, compiled->run.number, now).run();
  } else if (const auto* finished = std::get_if<RunFinished>(&event)) {
    const std::string outcome = to_string(finished->outcome);
    run_finished_.bind(finished->run.repository, finished->run.number, outcome, finished->reason, now).run();
  } else if (const auto* promote = std::get_if<PromotionRequested>(&event)) {
    run_reopened_.bind(promote->run.repository, promote->run.number).run();
  } else if (const auto* watched = std::get_if<RepositoryWatched>(&event)) {
    watched_.bind(watched->repository, watched->url).run();
  } else if (const auto* moved = std::get_if<RefMoved>(&event)) {
    if (moved->to.empty()) {
      branch_gone_.bind(moved->repository, moved->branch).run();
    } else {
      branch_at_.bind(moved->repository, moved->branch, moved->to).run();
    }
  } else if (const auto* planned = std::get_if<EnvironmentPlanned>(&event)) {
    environment_planned_
        .bind(planned->environment, planned->run.repository, planned->run.number, planned->stage, planned->provisioner,
              std::int64_t{planned->keep}, now, milliseconds(planned->expires), ports_json(planned->ports))
        .run();
  } else if (const auto* ready = std::get_if<EnvironmentReady>(&event)) {
    environment_ready_.bind(ready->environment).run();
  } else if (const auto* gone = std::get_if<EnvironmentDestroyed>(&event)) {
    environment_gone_.bind(gone->environment).run();
  } else if (const auto* unwanted = std::get_if<EnvironmentDestroyRequested>(&event)) {
    environment_unwanted_.bind(unwanted->environment, now).run();
  } else if (const auto* extended = std::get_if<EnvironmentExtended>(&event)) {
    environment_extended_.bind(extended->environment, milliseconds(extended->expires)).run();
  } else if (const auto* promoted = std::get_if<CommitPromoted>(&event)) {
    run_promoted_.bind(promoted->run.repository, promoted->run.number, sequence).run();
  } else if (const auto* expired = std::get_if<RunExpired>(&event)) {
    run_expired_.bind(expired->run.repository, expired->run.number).run();
    evidence_expired_.bind(expired->run.repository, expired->run.number).run();
  } else if (const auto* sealed = std::get_if<EvidenceSealed>(&event)) {
    evidence_sealed_.bind(sequence, sealed->run.repository, sealed->run.number, sealed->stage, now).run();
  } else if (const auto* published = std::get_if<EvidencePublished>(&event)) {
    evidence_published_.bind(published->run.repository, published->run.number, published->stage).run();
  } else if (const auto* failing = std::get_if<EnvironmentNotDestroyed>(&event)) {
    environment_failing_.bind(failing->environment, std::int64_t{failing->tries}, failing->reason).run();
  }
}

std::vector<std::string> wrong_with_schema(Database& database) {
  const auto objects = [](Database& of) {
    std::map<std::string, std::string> found;
    Statement statement(of.handle(), "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL");
    while (statement.step()) found[statement.text(0)] = statement.text(1);
    return found;
  };
  Database wanted(":memory:");
  wanted.execute(events_schema);
  wanted.execute(projections_schema);
  const auto here = objects(database);
  std::vector<std::string> wrong;
  for (const auto& [name, sql] : objects(wanted)) {
    auto found = here.find(name);
    if (found == here.end() || found->second != sql) wrong.push_back(name);
  }
  return wrong;
}

void rebuild_projections(Database& database) {
  Transaction transaction(database);
  for (const auto* table : {"runs", "repositories", "branches", "environments", "unpublished"}) {
    database.execute(std::string("DROP TABLE IF EXISTS ") + table);
  }
  database.execute("DROP INDEX IF EXISTS events_of_run");
  database.execute("CREATE INDEX events_of_run ON events (repository, number, sequence) WHERE number > 0");
  database.execute(projections_schema);
  {
    Projection projection(database);
    Statement rows(database.handle(), std::string(row_columns) + "ORDER BY sequence");
    while (rows.step()) {
      auto row = row_from(rows);
      if (!row) throw SqliteError(SQLITE_CORRUPT, row.error().message);
      projection.add(row->sequence, row->at, row->event);
    }
  }
  transaction.commit();
}

}  // namespace quietgate
