// Moves a branch of a remote to the run's commit, at most once, even if the attempt is resumed several times.
#pragma once

#include <optional>
#include <string>

#include "runner/ports/clock.h"
#include "runner/ports/git.h"
#include "runner/ports/stage.h"

namespace quietgate {

struct MoveOrder {
  std::string branch;
  std::string by;      // the person, or empty
  std::string reason;  // the person's reason
  bool overrode = false;
  CommitId back_from{};  // for a rollback: the commit that the branch must be at; else empty
};

class BranchMove {
 public:
  // All must outlive it.
  BranchMove(Git& git, Clock& clock, const StageRequest& request) : git_(git), clock_(clock), request_(request) {}
  // Reads the branch at the remote (a rollback ends here if the branch is not at the required commit), appends the
  // intent, pushes with that position as the expected one, and appends the result. An earlier open intent is resolved
  // by reading the remote first. After the intent is appended, the stage ends only when the remote has confirmed the
  // result, or when the service stops. Throws Stopped.
  Task<StageOutcome> perform(MoveOrder order);

 private:
  Task<Result<CommitId>> position(std::string branch, Stop& stop);
  Task<Result<bool>> contains(std::string branch, CommitId commit, CommitId ancestor, Stop& stop);
  Task<bool> descends(PromotionIntended intent);
  Task<std::optional<StageOutcome>> stands_against(PromotionIntended intent, CommitId back_from);
  Task<StageOutcome> see_through(PromotionIntended intent, bool ask_first);
  Task<Result<PushOutcome>> push(PromotionIntended intent);
  Task<StageOutcome> pushed_to_end(PromotionIntended intent, PushOutcome pushed);
  Task<std::optional<StageOutcome>> found_at(PromotionIntended intent, CommitId at);
  Task<void> give_up(PromotionIntended intent);
  Task<StageOutcome> record_promoted(PromotionIntended intent);
  Task<StageOutcome> record_refused(PromotionIntended intent, std::string reason, std::string advice);
  Task<StageOutcome> moved_meanwhile(PromotionIntended intent, CommitId at);
  Task<Result<void>> intend(PromotionIntended intent);
  Task<void> record(Event event);
  StageOutcome promoted(const PromotionIntended& intent) const;
  StageOutcome ended(Outcome outcome, std::string reason, std::string advice) const;

  Git& git_;
  Clock& clock_;
  const StageRequest& request_;
};

// `1a2b3c4`, or `nothing` for no commit.
std::string short_id(const CommitId& id);

}  // namespace quietgate
