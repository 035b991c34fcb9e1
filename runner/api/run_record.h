// Everything that people may want to see of one run: its state, and what the state forgets (earlier attempts, who asked
// for what). A fold over the run's rows, like the state itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/model/state.h"
#include "runner/ports/journal.h"

namespace quietgate {

struct AttemptRecord {
  int number = 1;
  Time started{};
  Time finished{};  // begin of the epoch: it has not ended
  StageOutcome outcome;
  bool ended() const { return finished != Time{}; }
};

struct StageRecord {
  std::vector<AttemptRecord> attempts;
  std::optional<Time> awaited;   // when an approval was first asked for
  std::string approval_message;  // what the person who decides is told
  Time asked_until{};            // when nobody is waited for any more; the epoch: never
  std::vector<ApprovalGiven> approvals;
  std::optional<PromotionIntended> intent;  // the last one
  Time overridden{};                        // when a person asked for it against the gate; the epoch: nobody did
  std::optional<GateJudgement> judged;      // the last one on record
  Time judged_at{};
  std::optional<CommitPromoted> promoted;
  std::string refused;    // why the last promotion was refused
  bool sealed = false;    // there is evidence of it
  bool attached = false;  // which is in the commit's note
};

struct EnvironmentRecord {
  std::string id;
  std::string stage;
  std::string provisioner;
  EnvironmentStatus status = EnvironmentStatus::planned;
  std::string detail;  // why it was destroyed, or could not be
  bool keep = false;
  Time expires{};
  std::map<std::string, int> ports;
};

struct RunRecord {
  RunState state;
  std::map<std::string, StageRecord> stages;
  std::vector<EnvironmentRecord> environments;  // in the order of their creation
  std::vector<PromotionRequested> promotion_requests;
  Time promotion_requested{};  // when the last of them came
  std::int64_t last = 0;       // sequence of the last row that was added

  // Rows of other runs are ignored.
  void add(const Row& row);
  // The run's end is in the journal and nobody reopened it.
  bool over() const { return state.status == RunStatus::finished; }
  const StageRecord* stage(const std::string& name) const;
};

// Stages of a run in the plan's order; empty before the plan is compiled.
std::vector<std::string> stage_names(const RunRecord& record);

}  // namespace quietgate
