// Whether what a run promoted was deployed, and what it deployed promoted: where they disagree, a person must be told.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/model/row.h"
#include "runner/model/state.h"

namespace quietgate {

// Where branch and deployment disagree.
struct ReleaseGap {
  enum class Kind {
    not_deployed,  // the branch moved, and the stage that was to deploy it never came to an end
    destroyed,     // likewise, but it deployed it, and the environment was destroyed while the run went on
    not_promoted,  // the stage deployed the commit, and the promotion that comes after it did not move the branch
  };
  Kind kind = Kind::not_deployed;
  std::string promotes;  // the branch; of `not_promoted` the stage, whose branch may not be known
  CommitId commit;
  bool can_go_back = false;  // the branch was somewhere before, and the run puts nothing back itself
  std::string stage;         // that deploys
  std::string why;
};
// Nothing: every kept environment that comes after a promotion of this run is there, was left out by its own `if`, or
// is put back because an alert fired after it; and every promotion that comes after a kept environment moved its
// branch, or was left out by its own `if`. For runs in which nothing is under way any more.
std::optional<ReleaseGap> release_gap(const RunState& run);

// The reason of the run's end, with what a person has to do when branch and deployment disagree.
std::string with_release_gap(std::string reason, const RunState& run);
}  // namespace quietgate
