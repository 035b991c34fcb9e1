// What the engine, the decisions of this room, the API and the CLI ask of a stage, whatever its kind is.
#pragma once

namespace quietgate {

struct StageTraits {
  bool takes_slot = true;           // is at work while it runs, and takes one of the places for that
  bool runs_in_tree = false;        // its steps run in the commit's tree, and get one of their own
  bool makes_environment = false;   // what it makes outlives it
  bool keeps_environment = false;   // and the run: from its begin on, production may be under way
  bool promotes = false;            // moves a branch to the commit
  bool loads = false;               // puts a service under load, and keeps measurements of it
  bool leaves_window = false;       // leaves a span of time that later stages can judge
  bool tests = false;               // what is promoted or kept must come after it
  bool may_keep_artifacts = false;  // its kind knows `artifacts`
  bool keeps_artifacts = false;     // and this stage names some
  bool waits_for_person = false;    // does nothing but wait for a person's answer
  bool resolves_rest = false;       // ports.* and apply.* may stand in its spec, and are resolved by the stage itself
  bool operator==(const StageTraits&) const = default;
};

}  // namespace quietgate
