// What a kind of stages brings to the runner: its folder gives one descriptor, and stages/kinds.cc lists it.
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

// What a service does around every attempt of the kind; stages/kinds.cc says in which order.
struct StageSurroundings {
  bool takes_artifacts = false;  // what other stages kept is put into its tree before it begins
  bool names_services = false;   // its failures tell of the environment's services that had ended
  bool proves_alerts = false;    // before it begins, an alert is raised and lowered to prove that a gate would hear it
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
  // Reads the body under that key. What is wrong is left in the diagnostics.
  std::function<StageBody(const Found& body, StageFields& fields)> read;
  // Facts of a stage, as `quietgate plan` prints them.
  std::function<std::vector<std::string>(const StageBody& body)> facts;
  // The performer of its stages; the parts outlive it.
  std::function<std::unique_ptr<StageKind>(const StageParts& parts)> make;
  // Keys of the stage, beside the body, that belong to this kind: StageFields::beside.
  std::vector<std::string> words{};
  // What runs the shell texts of a stage, when the file says it; empty: the default. None: it has no shell texts.
  std::function<std::vector<std::string>(const StageBody& body)> interpreter{};
  StageSurroundings surroundings{};
  StageOffers offers{};
};

using StageKinds = std::vector<StageKindDescriptor>;

// nullptr when there is none of that name.
const StageKindDescriptor* find_kind(const StageKinds& kinds, const std::string& name);

}  // namespace quietgate
