// Moves a branch of a remote to the run's commit, at most once, however often the attempt is taken up again.
#pragma once

#include <optional>
#include <string>

#include "runner/ports/git.h"
#include "runner/ports/stage.h"

namespace quietgate {

struct MoveOrder {
  std::string branch;
  std::string by;      // person, or empty
  std::string reason;  // theirs
  bool overrode = false;
};

// The stage's PromotionIntended that is neither promoted nor refused yet, in a run's rows.
std::optional<PromotionIntended> open_intent_in(const std::vector<Row>& rows, const std::string& stage);
// The stage's CommitPromoted, when the run was promoted already.
std::optional<CommitPromoted> promotion_in(const std::vector<Row>& rows, const std::string& stage);

class BranchMove {
 public:
  // Both must outlive it.
  BranchMove(Git& git, const StageRequest& request) : git_(git), request_(request) {}
  // Reads the branch at the remote, writes the intent, pushes with that position as the expected one, writes what
  // became of it. An open intent of before is settled by reading the remote first. Throws Stopped.
  Task<StageOutcome> perform(MoveOrder order);

 private:
  Task<Result<CommitId>> position(std::string branch, Stop& stop);
  Task<StageOutcome> settle(PromotionIntended intent);
  Task<StageOutcome> push(PromotionIntended intent);
  Task<StageOutcome> after_lost_answer(PromotionIntended intent, Error error, Stop& stop);
  Task<bool> descends(PromotionIntended intent);
  StageOutcome promoted(const PromotionIntended& intent, bool record);
  StageOutcome refused(const PromotionIntended& intent, std::string reason, std::string advice);
  StageOutcome ended(Outcome outcome, std::string reason, std::string advice) const;
  StageOutcome moved_meanwhile(const PromotionIntended& intent, const CommitId& at);
  Result<void> append(Event event);

  Git& git_;
  const StageRequest& request_;
};

// `1a2b3c4`, or `nothing` for no commit.
std::string short_id(const CommitId& id);

}  // namespace quietgate
