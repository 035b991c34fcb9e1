// What a gate, the judging of windows and a rollback ask of a stage, whatever its kind is. A kind says it of its spec
// when the plan is compiled.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/base/time.h"

namespace quietgate {

struct StageRelations {
  // Where in its spec a gate (GateSpec) may stand: `gate`, or `watch/gate` for one below another key. Empty: nowhere.
  std::string gate_at;
  // That gate is about the time after the stage's own work, this long. 0: about the windows of other stages.
  Milliseconds watches{0};

  // Of a stage that leaves a window.
  std::string window_of;               // its window is that of this stage; empty: it has one of its own
  std::optional<Milliseconds> window;  // how long it is, as far as the plan tells
  bool window_before = false;          // it lies before the stage's begin

  // The spec (JSON) that stands in for its own in a rollback; empty: its own does. Where the stage promotes, `branch`
  // becomes the branch that is put back, and `back_from` the commit that it must be at. Its own has `branch`, too.
  std::string in_rollback;

  // Keys of the spec below which no text is a template.
  std::vector<std::string> as_is;

  bool operator==(const StageRelations&) const = default;
};

}  // namespace quietgate
