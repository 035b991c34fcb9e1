// The journal: the append-only log of events, the only truth about runs; and the questions that its projections answer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/base/task.h"
#include "runner/model/row.h"

namespace quietgate {

class Journal {
 public:
  virtual ~Journal() = default;
  // The rows of new runs, by the number of the first of them.
  using NewRuns = std::function<std::vector<Event>(std::int64_t number)>;

  // Appends all or none, durable when it answers the sequence of the last one; `at` is the clock's now. Rings the bell.
  // One writer at a time: what another wrote meanwhile makes it an error of kind infrastructure, and nothing is
  // written.
  virtual Task<Result<std::int64_t>> append(std::vector<Event> events) = 0;
  // As append(), of runs of this repository: each has the next number, given inside the append, so that no two have
  // one. `make` is called at most once, and only makes rows.
  virtual Task<Result<std::int64_t>> append_runs(std::string repository, NewRuns make) = 0;
  // As append(), unless a row of this run was written after `seen`: then nothing is written, and the answer is empty.
  virtual Task<Result<std::optional<std::int64_t>>> append_unless_moved(std::vector<Event> events, RunId run,
                                                                        std::int64_t seen) = 0;
  // Rows after `after` in order, at most `limit`; only those of one run when given. As they were at some moment since
  // it was asked: others may have been written by the time that it answers.
  virtual Task<Result<std::vector<Row>>> read(std::int64_t after, std::size_t limit,
                                              std::optional<RunId> run = std::nullopt) = 0;
  // Sequence of the last row. What is read from now on holds every row up to it.
  virtual std::int64_t last() const = 0;
  virtual Bell& bell() = 0;  // rung after every commit
};

struct JournalTail {
  std::vector<Row> rows;
  std::int64_t cursor = 0;      // read on after this
  std::optional<Error> damage;  // a row behind `rows` can't be read, and was stepped over
};

// For those who follow the journal and may miss a row, but must not stop at one: as read(), but steps over a row that
// is damaged. An error when nothing can be read.
Task<Result<JournalTail>> read_tail(Journal& journal, std::int64_t after, std::size_t limit);

struct RunSummary {
  RunId id;
  std::int64_t first = 0;  // sequence of its first row: the cursor for paging
  std::string branch;
  CommitId commit;
  std::string cause;
  RunStatus status = RunStatus::requested;
  Outcome outcome = Outcome::error;  // when finished
  std::string reason;
  Time requested{};
  Time started{};
  Time finished{};
};

struct EnvironmentSummary {
  std::string id;
  RunId run;  // that created or last updated it
  std::string stage;
  std::string provisioner;
  EnvironmentStatus status = EnvironmentStatus::planned;  // never destroyed: those are listed no more
  bool keep = false;
  Time created{};
  Time expires{};
  std::map<std::string, int> ports;
  int destroy_tries = 0;
  std::string problem;  // why it could not be destroyed
};

// Sealed, and not in the commit's note yet.
struct PendingEvidence {
  std::int64_t sequence = 0;  // of its EvidenceSealed
  RunId run;
  std::string stage;
  Time sealed{};
};

// Projections of the journal, updated in the same transaction as the append; can be dropped and rebuilt. Each answer is
// as it was at some moment since the question; two questions may be answered of two moments.
class Catalog {
 public:
  virtual ~Catalog() = default;
  // Newest first. `repository` empty: all. `before` != 0: only runs whose first row's sequence is smaller (paging).
  virtual Task<Result<std::vector<RunSummary>>> runs(std::string repository, std::size_t limit,
                                                     std::int64_t before = 0) = 0;
  virtual Task<Result<std::optional<RunSummary>>> run(RunId id) = 0;
  virtual Task<Result<std::vector<RunSummary>>> unfinished_runs() = 0;  // oldest first
  // Commit of the newest run on this branch, for path filters; empty: none yet.
  virtual Task<Result<CommitId>> last_run_commit(std::string repository, std::string branch) = 0;
  // Whether a poll of the repository ever succeeded.
  virtual Task<Result<bool>> watched(std::string repository) = 0;
  // Where the branches were when last seen (RefMoved), deleted ones left out.
  virtual Task<Result<std::map<std::string, CommitId>>> branches(std::string repository) = 0;
  virtual Task<Result<std::vector<EnvironmentSummary>>> environments() = 0;       // live ones only, oldest first
  virtual Task<Result<std::vector<PendingEvidence>>> unpublished_evidence() = 0;  // oldest first
  // Runs that promoted their commit, the newest run first.
  virtual Task<Result<std::vector<RunId>>> promoted_runs(std::string repository, std::size_t limit) = 0;
};

}  // namespace quietgate
