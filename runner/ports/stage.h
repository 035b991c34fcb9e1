// A stage kind: performs one attempt of one stage, to its end, however often the runner restarts meanwhile.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runner/base/task.h"
#include "runner/model/event.h"
#include "runner/model/outcome.h"
#include "runner/model/plan.h"
#include "runner/model/state.h"
#include "runner/ports/alert_feed.h"
#include "runner/ports/attempt_id.h"
#include "runner/ports/git.h"
#include "runner/ports/journal.h"
#include "runner/ports/progress_board.h"

namespace quietgate {

// The attempt's log, for lines that the stage itself says (its steps write by their leaders). Masks secrets.
class StageLog {
 public:
  virtual ~StageLog() = default;
  virtual void line(std::string_view text) = 0;  // one line, without its newline; never fails the stage (a full disk is
                                                 // told in the outcome)
};

// What another stage of the run kept, and is to stand in this one's tree.
struct GivenArtifacts {
  std::string stage;
  std::string directory;  // of the attempt that kept them: `artifacts/`, `artifacts.json`
  ArtifactsKept kept;     // on record
};

struct StageRequest {
  RunId run;
  CommitId commit;
  std::string branch;
  GitRemote remote;
  StageSpec spec;  // every template resolved, but for ports.* and apply.* of an `apply` stage
  int attempt = 1;
  std::string boot;       // of the machine, in which this attempt began: on record; empty: not known
  std::string nonce;      // of this attempt: on record; empty: an older row
  bool resume = false;    // this attempt was started before by a runner that is gone
  std::string directory;  // of the attempt, absolute, exists: what the stage keeps for itself and for others, such as
                          // `measurements.ndjson`, `tests.json`, `artifacts/`
  std::string checkout;   // absolute: the attempt's own tree, where its steps run; of kinds that only read, the run's
  std::string environments;                      // folder of all environments, absolute
  std::vector<GivenArtifacts> given;             // in the order of the stage's `from`
  std::map<std::string, StageOutcome> finished;  // by name: of the stages that it `judges`, those that have ended
  std::vector<std::string> secrets;              // values to mask
  std::map<std::string, std::string>
      environment;  // complete for steps: PATH, HOME, CI, QUIETGATE_*, the pipeline's and the stage's
  Time run_started{};
  const AlertFeed* alerts = nullptr;  // null: nobody watches them. When one fires, the stage may end early
  ProgressBoard* progress = nullptr;  // null: nobody is shown how far the stage is
  StageLog* log = nullptr;            // never null in use; owned by the driver
  Stop* stop = nullptr;               // likewise
  Stop* runner = nullptr;      // likewise; requested only when the runner stops: for what a cancel must not leave open
  Journal* journal = nullptr;  // for the stage's own intents (EnvironmentPlanned, PromotionIntended, ...)
  const RunState* run_state = nullptr;  // never null in use; the driver's own, which goes on while the stage waits:
                                        // copy out of it what must stay. A resumed stage finds its intents there
  std::string pristine;  // the run's checkout: exactly the commit, whatever steps did. Empty: `checkout` is

  AttemptId id() const { return {run, spec.name, attempt}; }
  // What to read what is judged by from.
  const std::string& committed() const { return pristine.empty() ? checkout : pristine; }
};

class StageKind {
 public:
  virtual ~StageKind() = default;
  // Throws Stopped when stopped; every other failure is an outcome. Exceptions are bugs and become `error`.
  virtual Task<StageOutcome> run(StageRequest request) = 0;
};

// Destroys environments; used at the end of runs and by the reaper. Idempotent: what is gone already is success.
class EnvironmentDestroyer {
 public:
  virtual ~EnvironmentDestroyer() = default;
  virtual Task<Result<void>> destroy(EnvironmentSummary environment, Stop& stop) = 0;
};

}  // namespace quietgate
