// The stage kinds of this quietgate, and the wrappers around them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pipelines/language/stage_kind.h"
#include "stages/attempt/stage_parts.h"

namespace quietgate {

const StageKinds& stage_kinds();

// The performers of all kinds, with their wrappers.
class PerformedKinds {
 public:
  // The parts must outlive it.
  PerformedKinds(const StageKinds& kinds, const StageParts& parts);
  std::map<std::string, StageKind*> by_name() const { return by_name_; }  // valid while this object lives

 private:
  std::vector<std::unique_ptr<StageKind>> stages_;  // each after those that it wraps
  std::map<std::string, StageKind*> by_name_;
};

}  // namespace quietgate
