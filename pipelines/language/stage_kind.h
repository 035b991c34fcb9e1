// The descriptor of a stage kind: each kind's folder defines one, and stages/kinds.cc lists them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pipelines/language/stage_fields.h"
#include "runner/model/plan.h"
#include "runner/ports/stage.h"

namespace quietgate {

struct StageParts;  // stages/attempt/stage_parts.h: what a kind performs its stages with

// Wrappers around every attempt of the kind; stages/kinds.cc defines their order.
struct StageSurroundings {
  bool takes_artifacts = false;  // artifacts of other stages are put into its tree before it begins
  bool names_services = false;   // its failures name services of the environment that had ended
  bool proves_alerts = false;    // before it begins, a synthetic fault proves that an alert can fire
};

// What stages of the kind can give to others, for messages that name those that can.
struct StageOffers {
  bool outputs = false;    // StageFields::give_outputs
  bool window = false;     // a span of time that can be judged
  bool artifacts = false;  // files that it keeps
  bool tests = false;      // what is promoted must come after it
};

struct StageKindDescriptor {
  std::string name;  // the key of its body in a stage
  // Reads the body under that key. Errors become diagnostics.
  std::function<StageBody(const Found& body, StageFields& fields)> read;
  // Facts of a stage, as `quietgate plan` prints them.
  std::function<std::vector<std::string>(const StageBody& body)> facts;
  // Creates the performer of its stages; the parts must outlive it.
  std::function<std::unique_ptr<StageKind>(const StageParts& parts)> make;
  // Keys of the stage, beside the body, that belong to this kind: StageFields::beside.
  std::vector<std::string> words{};
  // The interpreter that the file names for the stage's shell texts; empty: the default. Null: the kind has no shell
  // texts.
  std::function<std::vector<std::string>(const StageBody& body)> interpreter{};
  StageSurroundings surroundings{};
  StageOffers offers{};
};

using StageKinds = std::vector<StageKindDescriptor>;

// nullptr if there is no kind of that name.
const StageKindDescriptor* find_kind(const StageKinds& kinds, const std::string& name);

}  // namespace quietgate
