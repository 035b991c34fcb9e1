// Moves a branch of a remote to the run's commit, at most once, however often the attempt is taken up again.
#pragma once

#include <optional>
#include <string>

#include "runner/ports/clock.h"
#include "runner/ports/git.h"
#include "runner/ports/stage.h"

namespace quietgate {

struct MoveOrder {
  std::string branch;
  std::string by;      // person, or empty
  std::string reason;  // theirs
  bool overrode = false;
  CommitId back_from{};  // of a rollback: where the branch must be; else empty
};

class BranchMove {
 public:
  // All must outlive it.
  BranchMove(Git& git, Clock& clock, const StageRequest& request) : git_(git), clock_(clock), request_(request) {}
  // Reads the branch at the remote (a rollback ends here when it is elsewhere than it must be), writes the intent,
  // pushes with that position as the expected one, writes what became of it. An open intent of before is settled by
  // reading the remote first. Once the intent is written, the end of the stage waits until the remote has told what
  // became of it, or the runner stops. Throws Stopped.
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
