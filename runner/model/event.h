// Every event of the journal. Past tense, never changed once released: a new meaning is a new event or a new field that
// readers may lack. JSON of each is in event.cc; the rows are documented in docs/journal.md.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/outcome.h"
#include "runner/model/plan.h"
#include "runner/model/plan_json.h"
#include "runner/model/types.h"

namespace quietgate {

struct RepositoryWatched {  // its first successful poll; from here on a new branch is `created`, not `first_seen`
  std::string repository;
  std::string url;  // without credentials
};
struct RefMoved {
  enum class Kind {
    created,
    moved,
    forced,
    deleted,
    first_seen
  };  // first_seen: known from the first poll on, asks for no run
  std::string repository;
  std::string branch;
  CommitId from;  // empty: created or first seen
  CommitId to;    // empty: deleted
  Kind kind = Kind::moved;
};

// What a run puts back that another one promoted.
struct Rollback {
  RunId of;            // the run that promoted
  std::string branch;  // that it moved
  CommitId from;       // what the branch is at since then, and must still be at
  std::string by;      // person, or empty: an alert after the release
  std::string reason;
  bool wanted() const { return of.number > 0; }
  bool operator==(const Rollback&) const = default;
};
struct RunRequested {
  RunId run;
  std::string branch;
  CommitId commit;
  std::string cause;  // `main moved to 1a2b3c4`, `retry of hello/4 by ana`, `quietgate run`
  Rollback rollback;  // wanted: the run puts `rollback.branch` back to `commit`, and what was deployed of it
};
struct RunSkipped {  // a ref moved and no run was asked for
  std::string repository;
  std::string branch;
  CommitId commit;
  std::string reason;  // `no changed path matches`, `superseded before it started`
};

struct PlanCompiled {
  RunId run;
  FrozenPlan plan;
};
struct PlanRejected {
  RunId run;
  std::string diagnostics;
  Outcome outcome = Outcome::failed;
};

struct StageStarted {  // the intent; committed before the stage acts
  RunId run;
  std::string stage;
  int attempt = 1;
  std::string boot;       // of the machine, in which it acts; empty: not told
  std::string nonce;      // drawn for this attempt alone; what its steps leave behind carries it. Empty: an older row
  std::string isolation;  // what keeps its steps from all that isn't theirs: `bubblewrap`, `none`. Empty: an older row
};
struct StageFinished {
  RunId run;
  std::string stage;
  int attempt = 1;
  StageOutcome outcome;
};
struct StageSkipped {
  RunId run;
  std::string stage;
  std::string reason;
  bool by_condition = false;  // its own `if` was false: stages that need it still start
};

struct EnvironmentPlanned {  // the intent; from here on the environment must be destroyed, however far its creation got
  std::string environment;
  RunId run;
  std::string stage;
  std::string provisioner;  // `terraform`, `processes`
  bool keep = false;
  Time expires{};  // begin of the epoch when keep
  std::map<std::string, int> ports;
};
struct EnvironmentReady {
  std::string environment;
  RunId run;
};
struct EnvironmentDestroyed {
  std::string environment;
  RunId run;  // that created it
  std::string cause;
};
struct EnvironmentNotDestroyed {
  std::string environment;
  RunId run;
  std::string reason;
  int tries = 0;
};

struct EnvironmentExtended {  // while a person is asked, what was tested lives on
  std::string environment;
  RunId run;
  Time expires{};
};

struct EnvironmentDestroyRequested {  // by a person; the only way that a kept one goes
  std::string environment;
  RunId run;
  std::string by;
};

struct ApprovalAwaited {
  RunId run;
  std::string stage;
  std::string message;
  Time expires{};  // when nobody is waited for any more; the epoch: never
};
struct ApprovalGiven {
  RunId run;
  std::string stage;
  std::string by;
  std::string reason;
  bool granted = true;
};

struct GateJudged {
  RunId run;
  std::string stage;
  int attempt = 1;
  GateJudgement judgement;
};
struct PromotionIntended {  // committed before the push
  RunId run;
  std::string stage;
  int attempt = 1;
  std::string branch;
  CommitId from;  // what the remote's branch was; empty: it did not exist
  CommitId to;
  std::string by;         // person of a manual promotion, or empty
  std::string reason;     // of a manual promotion
  bool overrode = false;  // promoted against a loud or blind gate
  bool rollback = false;  // back to what was promoted before
};
struct CommitPromoted {
  RunId run;
  std::string stage;
  std::string branch;
  CommitId from;
  CommitId to;
  bool rollback = false;
};
struct PromotionRefused {
  RunId run;
  std::string stage;
  std::string branch;
  std::string reason;
};

struct EvidenceSealed {  // of a promotion; see docs/evidence.md
  RunId run;
  std::string stage;
  CommitId commit;
  std::string envelope;  // DSSE, one line
};
struct EvidencePublished {  // it is in the commit's note on the remote
  RunId run;
  std::string stage;
  CommitId commit;
};

struct CancelRequested {
  RunId run;
  std::string by;
  std::string cause;
  RunId superseded_by;  // number > 0: a newer run asks, which has no say once a release has begun
};
struct PromotionRequested {
  RunId run;
  std::string by;
  std::string reason;
  bool override_gate = false;
};
struct RunInterrupted {  // the service died while the run was under way; the next one takes it up
  RunId run;
};
struct RunFinished {
  RunId run;
  Outcome outcome = Outcome::error;
  std::string reason;
};
struct ServiceStarted {
  std::string version;
};
struct ServiceStopped {
  std::string cause;
};
struct Sequences {  // of rows; both ends belong to it
  std::int64_t from = 0;
  std::int64_t to = 0;
};
struct RowsLost {  // a repair found these rows damaged or missing; stands in the place of the first
  Sequences rows;
  std::string reason;
  std::vector<RunId> runs;  // that had rows among them, as far as that can be told
};
struct RunExpired {  // its rows, logs and artifacts were removed by age or count
  RunId run;
  CommitId commit;
  Outcome outcome = Outcome::error;
  std::vector<Sequences> rows;  // that the journal has no more
};

using Event = std::variant<RefMoved, RunRequested, RunSkipped, PlanCompiled, PlanRejected, StageStarted, StageFinished,
                           StageSkipped, EnvironmentPlanned, EnvironmentReady, EnvironmentDestroyed,
                           EnvironmentNotDestroyed, ApprovalAwaited, ApprovalGiven, GateJudged, PromotionIntended,
                           CommitPromoted, PromotionRefused, CancelRequested, PromotionRequested, RunFinished,
                           ServiceStarted, ServiceStopped, RepositoryWatched, EnvironmentDestroyRequested, RowsLost,
                           RunExpired, EvidenceSealed, EvidencePublished, EnvironmentExtended, RunInterrupted>;

// The type's name as stored: `RefMoved`.
const char* type_of(const Event& event);
// The run that an event belongs to; a default RunId when it belongs to none.
RunId run_of(const Event& event);
// The repository that an event belongs to, or empty.
std::string repository_of(const Event& event);

// The payload as one line of JSON, and back. Fails with kind infrastructure on an unknown type or a payload that lacks
// a required field; unknown fields are ignored.
std::string to_json(const Event& event);
Result<Event> event_from_json(const std::string& type, const std::string& payload);

}  // namespace quietgate
