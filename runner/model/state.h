// One run's state: what its events add up to. `fold` is the only way to change it, live and in replay.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runner/model/expression.h"
#include "runner/model/plan.h"
#include "runner/model/row.h"
#include "runner/model/stage_state.h"

namespace quietgate {

// An environment of the run that ends with it.
struct RunEnvironment {
  std::string stage;
  Time created{};
  Milliseconds to_live{0};  // as it was planned
  Time expires{};           // the latest that was promised
  bool unwanted = false;    // a person asked for its end
};

// The states of a plan's stages, by name and by place in the plan. Iterates by name.
class StageStates {
 public:
  using Entries = std::vector<std::pair<std::string, StageState>>;
  StageStates() = default;
  explicit StageStates(const std::vector<StageSpec>& plan);

  Entries::const_iterator begin() const { return entries_.begin(); }
  Entries::const_iterator end() const { return entries_.end(); }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  Entries::const_iterator find(const std::string& name) const;  // end() when the plan has no such stage
  Entries::iterator find(const std::string& name);
  Entries::iterator end() { return entries_.end(); }
  auto rbegin() const { return entries_.rbegin(); }
  auto rend() const { return entries_.rend(); }
  bool contains(const std::string& name) const { return find(name) != end(); }
  const StageState& at(const std::string& name) const;  // throws std::out_of_range
  StageState& at(const std::string& name);

  // Of the plan's stage at this place: what goes over a whole plan needn't look up each name.
  const StageState& of(std::size_t place) const { return entries_[places_[place].entry].second; }
  StageState& of(std::size_t place) { return entries_[places_[place].entry].second; }
  // Where the plan has what that stage needs; names that it doesn't have are left out.
  const std::vector<std::uint32_t>& needs(std::size_t place) const { return places_[place].needs; }

 private:
  struct Place {
    std::uint32_t entry = 0;
    std::vector<std::uint32_t> needs;
  };
  Entries entries_;            // in the order of their names
  std::vector<Place> places_;  // in the order of the plan
};

struct RunState {
  RunId id;
  std::string branch;
  CommitId commit;
  std::string cause;
  Rollback rollback;
  RunStatus status = RunStatus::requested;
  FrozenPlan plan;          // none before it is compiled
  std::string diagnostics;  // why the plan was rejected
  StageStates stages;
  std::map<std::string, RunEnvironment> environments;  // live ones, by id; those that outlive the run are left out
  std::optional<CancelRequested> cancel;
  Time requested{};
  Time started{};
  Time timed_from{};  // the run's timeout counts from here: its start, or when a person reopened it
  Time finished{};
  Outcome outcome = Outcome::error;
  std::string reason;
  bool releases = false;   // a promotion or a kept environment was begun: no newer run ends this one any more
  Milliseconds waited{0};  // of its time since `timed_from`: while all that it did was to wait for a person
  int asking = 0;          // stages that wait for a person
  Time waits_since{};      // it does so now; the epoch: it doesn't
  std::optional<CommitPromoted> promotion;              // the last one of any stage
  std::optional<PromotionRequested> promotion_request;  // the last one
  Time promotion_requested{};
  std::uint64_t bytes_kept = 0;  // by all attempts that have ended, as artifacts
  std::int64_t cursor = 0;       // sequence of the last row that was folded; 0: none
  int interruptions = 0;         // how often the service died under it since it last got on
};

// Whether all that the run does is to wait for a person.
bool only_waits_for_a_person(const RunState& state);

// Adds one event, which happened at `at`, to the state. An event of another run, or one that the state can't take
// (a finish without a start), leaves the state as it was: replay of any journal ends in a state.
void fold(RunState& state, const Event& event, Time at);
// The same, and the cursor moves to the row, whatever run it is of. Rows come in their order.
void fold(RunState& state, const Row& row);

// The value of `stages.NAME.outputs.KEY` or `stages.NAME.outcome` for expressions; nothing while the stage has not
// ended.
std::optional<std::string> stage_value(const RunState& state, const std::string& name);

// The locks that the run keeps between its stages: those of `apply` stages with an ephemeral environment, from the
// first start of one until its environment is gone. A stage that will be tried again counts as one with an environment.
std::set<std::string> kept_locks(const RunState& state);
// The locks that stages which may still start, or start again, would ask for.
std::set<std::string> later_locks(const RunState& state);
// Whether this stage's lock stays with the run when the stage has ended.
bool keeps_lock(const StageSpec& spec);

}  // namespace quietgate
