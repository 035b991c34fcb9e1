// The history of one run, as shown to people: its state, and facts that the state forgets (earlier attempts, requests
// and their authors). Like the state, it is a fold over the run's rows.
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
  Time finished{};  // the epoch: it has not ended
  StageOutcome outcome;
  bool ended() const { return finished != Time{}; }
};

struct StageRecord {
  std::vector<AttemptRecord> attempts;
  std::optional<Time> awaited;   // when a person was first asked
  std::string approval_message;  // the question
  Time asked_until{};            // when the question expires; the epoch: never
  std::vector<ApprovalGiven> approvals;
  std::optional<PromotionIntended> intent;  // the last one
  Time overridden{};                        // when a person overrode the gate; the epoch: never
  std::optional<GateJudgement> judged;      // the last judgement
  Time judged_at{};
  std::optional<CommitPromoted> promoted;
  std::string refused;    // why the last promotion was refused
  bool sealed = false;    // its evidence is sealed
  bool attached = false;  // its evidence is in the commit's note
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
  Time promotion_requested{};  // time of the last promotion request
  std::int64_t last = 0;       // sequence of the last added row

  // Rows of other runs are ignored.
  void add(const Row& row);
  // The run has ended in the journal, and was not reopened.
  bool over() const { return state.status == RunStatus::finished; }
  const StageRecord* stage(const std::string& name) const;
};

// Stages of a run in the plan's order; empty before the plan is compiled.
std::vector<std::string> stage_names(const RunRecord& record);

}  // namespace quietgate
