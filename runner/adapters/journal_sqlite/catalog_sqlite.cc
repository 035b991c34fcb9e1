#include "runner/adapters/journal_sqlite/catalog_sqlite.h"

#include <nlohmann/json.hpp>

#include "runner/adapters/journal_sqlite/journal_store.h"
#include "runner/base/json.h"

namespace quietgate {

namespace {

Time time_of(std::int64_t milliseconds) {
  return Time{Milliseconds{milliseconds}};
}

const std::string run_columns =
    "SELECT repository, number, branch, commit_id, cause, status, outcome, reason, requested, started, finished, first "
    "FROM "
    "runs ";

RunSummary run_from(const Statement& row) {
  RunSummary run;
  run.id = {row.text(0), row.integer(1)};
  run.branch = row.text(2);
  run.commit = row.text(3);
  run.cause = row.text(4);
  parse_run_status(row.text(5), run.status);
  parse_outcome(row.text(6), run.outcome);
  run.reason = row.text(7);
  run.requested = time_of(row.integer(8));
  run.started = time_of(row.integer(9));
  run.finished = time_of(row.integer(10));
  run.first = row.integer(11);
  return run;
}

std::vector<RunSummary> runs_from(Statement& statement) {
  std::vector<RunSummary> runs;
  while (statement.step()) runs.push_back(run_from(statement));
  return runs;
}

EnvironmentSummary environment_from(const Statement& row) {
  EnvironmentSummary e;
  e.id = row.text(0);
  e.run = {row.text(1), row.integer(2)};
  e.stage = row.text(3);
  e.provisioner = row.text(4);
  parse_environment_status(row.text(5), e.status);
  e.keep = row.integer(6) != 0;
  e.created = time_of(row.integer(7));
  e.expires = time_of(row.integer(8));
  auto ports = parse_json(row.text(9));
  if (ports.is_object()) e.ports = ports.get<std::map<std::string, int>>();
  e.destroy_tries = static_cast<int>(row.integer(10));
  e.problem = row.text(11);
  return e;
}

}  // namespace

Result<std::vector<RunSummary>> CatalogSqlite::runs_now(const std::string& repository, std::size_t limit,
                                                        std::int64_t before) {
  return ask_store([&] {
    // A repository's own order is that of its numbers, which the primary key holds.
    Statement statement(
        store_.database.handle(),
        run_columns + (repository.empty() ? "WHERE first < ?2 AND ?1 = '' ORDER BY first DESC LIMIT ?3"
                                          : "WHERE repository = ?1 AND first < ?2 ORDER BY number DESC LIMIT ?3"));
    statement.bind(repository, before == 0 ? INT64_MAX : before, static_cast<std::int64_t>(limit));
    return runs_from(statement);
  });
}

Result<std::optional<RunSummary>> CatalogSqlite::run_now(const RunId& id) {
  return ask_store([&]() -> std::optional<RunSummary> {
    Statement statement(store_.database.handle(), run_columns + "WHERE repository = ?1 AND number = ?2");
    statement.bind(id.repository, id.number);
    if (!statement.step()) return std::nullopt;
    return run_from(statement);
  });
}

Result<std::vector<RunSummary>> CatalogSqlite::unfinished_runs_now() {
  return ask_store([&] {
    Statement statement(store_.database.handle(), run_columns + "WHERE status <> 'finished' ORDER BY first");
    return runs_from(statement);
  });
}

Result<CommitId> CatalogSqlite::last_run_commit_now(const std::string& repository, const std::string& branch) {
  return ask_store([&] {
    Statement statement(
        store_.database.handle(),
        "SELECT commit_id FROM runs WHERE repository = ?1 AND branch = ?2 ORDER BY number DESC LIMIT 1");
    statement.bind(repository, branch);
    return statement.step() ? statement.text(0) : CommitId{};
  });
}

Result<bool> CatalogSqlite::watched_now(const std::string& repository) {
  return ask_store([&] {
    Statement statement(store_.database.handle(), "SELECT 1 FROM repositories WHERE repository = ?1");
    statement.bind(repository);
    return statement.step();
  });
}

Result<std::map<std::string, CommitId>> CatalogSqlite::branches_now(const std::string& repository) {
  return ask_store([&] {
    Statement statement(store_.database.handle(), "SELECT branch, commit_id FROM branches WHERE repository = ?1");
    statement.bind(repository);
    std::map<std::string, CommitId> branches;
    while (statement.step()) branches[statement.text(0)] = statement.text(1);
    return branches;
  });
}

Result<std::vector<EnvironmentSummary>> CatalogSqlite::environments_now() {
  return ask_store([&] {
    Statement statement(store_.database.handle(),
                        "SELECT id, repository, number, stage, provisioner, status, keep, created, expires, ports, "
                        "tries, problem FROM environments ORDER BY created, id");
    std::vector<EnvironmentSummary> environments;
    while (statement.step()) environments.push_back(environment_from(statement));
    return environments;
  });
}

Result<std::vector<PendingEvidence>> CatalogSqlite::unpublished_evidence_now() {
  return ask_store([&] {
    Statement statement(store_.database.handle(),
                        "SELECT sequence, repository, number, stage, sealed FROM unpublished ORDER BY sequence");
    std::vector<PendingEvidence> pending;
    while (statement.step())
      pending.push_back({statement.integer(0),
                         {statement.text(1), statement.integer(2)},
                         statement.text(3),
                         time_of(statement.integer(4))});
    return pending;
  });
}

Result<std::vector<RunId>> CatalogSqlite::promoted_runs_now(const std::string& repository, std::size_t limit) {
  return ask_store([&] {
    Statement statement(store_.database.handle(),
                        "SELECT number FROM runs WHERE repository = ?1 AND promoted > 0 ORDER BY number DESC LIMIT ?2");
    statement.bind(repository, static_cast<std::int64_t>(limit));
    std::vector<RunId> runs;
    while (statement.step()) runs.push_back({repository, statement.integer(0)});
    return runs;
  });
}

}  // namespace quietgate
