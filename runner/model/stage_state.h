// One stage's part of a run's state: what its events add up to. It keeps the last of each thing, so that it does not
// grow with the run's rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runner/model/event.h"

namespace quietgate {

enum class StageStatus { waiting, running, awaiting_approval, finished, skipped };
const char* to_string(StageStatus status);
bool parse_stage_status(const std::string& text, StageStatus& status);

// What the stage's gate said last.
struct StageJudgement {
  GateJudgement judgement;
  Time at{};
  int attempt = 1;
  bool asked_since = false;  // a person was asked on the strength of it
};

// What the stage asked a person last.
struct StageQuestion {
  bool of_last_attempt = false;  // the stage has not started again since
  Time asked{};
  Time until{};  // an answer from then on is none; the epoch: the row is older than such ends
};

// The newest decision of a person about the stage that came in time: an answer to its question or, of a stage that
// promotes, a request to promote the run.
struct StageDecision {
  bool granted = false;
  std::string by;
  std::string reason;
};

// The environment that the stage planned last.
struct StageEnvironment {
  EnvironmentPlanned planned;
  bool gone = false;   // it was destroyed, and not planned again
  bool made = false;   // it, or one of the stage before it, was ready at some time
  bool ready = false;  // likewise, and was not destroyed since
  std::string cause;   // of the last destruction
  Time destroyed{};    // when that was
};

// How far the evidence of the stage's promotion is.
struct StageEvidence {
  std::int64_t sealed = 0;  // sequence of the first EvidenceSealed; 0: there is none
  bool published = false;
};

struct StageState {
  StageStatus status = StageStatus::waiting;
  int attempt = 0;       // of the running or the last attempt; 0: never started
  StageOutcome outcome;  // of the last finished attempt; meaningful from the first StageFinished on
  Time started{};        // of the first attempt
  Time attempt_started{};
  std::string boot;        // of the machine, in which the last attempt began; empty: not told
  std::string nonce;       // of the last attempt; empty: not told
  std::string isolation;   // likewise
  Milliseconds waited{0};  // of the last attempt's time: how long it waited for a person, as far as that is over
  Time asked{};            // when it asked a person and still waits; the epoch: it doesn't
  Time asks_until{};       // while it waits: when it gives up; the epoch: never
  Time finished{};
  std::optional<ApprovalGiven> approval;
  StageQuestion question;
  std::optional<StageDecision> decision;
  std::optional<StageJudgement> judged;
  std::optional<PromotionIntended> promotion_intent;  // open until promoted or refused
  std::optional<PromotionRefused> refusal;            // by the last attempt
  bool promoted = false;
  CommitPromoted promotion;        // when promoted
  PromotionIntended promoted_by;   // the intent that led to it
  Time promoted_at{};              // when it was recorded
  std::int64_t promotion_row = 0;  // sequence of its CommitPromoted
  StageEvidence evidence;
  std::optional<StageEnvironment> environment;
  bool skipped_by_condition = false;
  int lost_attempt = 0;    // the attempt that made the environment which the last attempt lost; 0: none
  bool cleans_up = false;  // the last attempt started after the run was cancelled (`if: always()`)
};

}  // namespace quietgate
