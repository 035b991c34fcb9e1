// The evidence of a promotion: an in-toto statement that says what was moved where, and why that was allowed. Its
// predicate is documented in docs/evidence.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "runner/model/event.h"
#include "runner/model/state.h"

namespace quietgate {

inline constexpr const char* evidence_predicate = "urn:quietgate:promotion:v1";
inline constexpr const char* evidence_notes = "refs/notes/quietgate";

// The file of a stage's samples.
struct MeasurementsFile {
  std::int64_t bytes = 0;
  std::string sha256;  // empty: too large to be hashed
};

struct PromotionFacts {
  CommitPromoted promoted;
  Time at{};                          // when it was recorded
  PromotionIntended intent;           // who and why
  std::optional<GateJudgement> gate;  // on record: what a person overrode is as it was
  Time judged{};
  std::optional<PromotionRequested> asked;  // by a person
  Time asked_at{};
  std::string prometheus;                                // the gate's server
  std::map<std::string, MeasurementsFile> measurements;  // by stage
};

// One line of JSON; the same facts give the same bytes.
std::string promotion_statement(const RunState& run, const PromotionFacts& facts);

}  // namespace quietgate
