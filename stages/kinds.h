// The kinds of stages that this quietgate knows, and what a service does around all of them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pipelines/language/stage_kind.h"
#include "stages/attempt/stage_parts.h"

namespace quietgate {

const StageKinds& stage_kinds();

// The performers of all these kinds, with what stands around them.
class PerformedKinds {
 public:
  // The parts outlive it.
  PerformedKinds(const StageKinds& kinds, const StageParts& parts);
  std::map<std::string, StageKind*> by_name() const { return by_name_; }  // as long as this

 private:
  std::vector<std::unique_ptr<StageKind>> stages_;  // each after those that it stands around
  std::map<std::string, StageKind*> by_name_;
};

}  // namespace quietgate
