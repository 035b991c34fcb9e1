// Drives one run:  action = next(plan, state); append the intent; perform; append the outcome; state = fold(state,
// event); repeat. The append commits before the effect. What is found under way at the start is taken up again, never
// guessed.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/core/state.h"
#include "runner/engine/attempt_tree.h"
#include "runner/engine/low_water.h"
#include "runner/engine/reaper.h"
#include "runner/engine/repository.h"
#include "runner/engine/run_clock.h"
#include "runner/engine/slots.h"
#include "runner/engine/turns.h"
#include "runner/ports/clock.h"
#include "runner/ports/git.h"
#include "runner/ports/journal.h"
#include "runner/ports/pipeline_compiler.h"
#include "runner/ports/plan_check.h"
#include "runner/ports/stage.h"
#include "runner/ports/work_notes.h"
#include "runner/ports/workspace.h"

namespace quietgate {

// What every driver works with. All of it outlives the drivers.
struct EngineParts {
  Executor executor;
  Journal& journal;
  Catalog& catalog;
  Git& git;
  Clock& clock;
  PipelineCompiler& compiler;
  Workspace& workspace;
  Reaper& reaper;
  Slots& slots;
  std::map<std::string, StageKind*> kinds;              // by kind_of
  std::map<std::string, std::string> step_environment;  // what every step starts from: PATH, HOME, LANG
  std::function<void(const std::string& line)> say;
  StepEnder* steps = nullptr;          // none: stages are trusted to end what they begin
  PlanCheck* check = nullptr;          // none: plans are not held against their commits' files
  std::string boot;                    // the machine's; empty: not known
  std::function<std::string()> nonce;  // draws one; none: attempts have none
  AttemptTrees* trees = nullptr;       // none: all steps of a run work in its one checkout
  LowWater* low_water = nullptr;       // none: nobody looks at the disk
  bool tries_out = false;              // kept environments are left alone
  WorkNotes* notes = nullptr;          // none: what the service may have died of is not known
};

class Driver {
 public:
  // `service` is the stop of the whole service; parts, turns and repository must outlive the driver.
  Driver(EngineParts& parts, const Turns& turns, const Repository& repository, RunId run, Stop& service);
  ~Driver();

  // Takes the places and locks of what is under way, before anybody new can. Throws std::runtime_error when the journal
  // can't be read.
  void take_up();

  // Returns when the run is finished. Throws Stopped at shutdown, and std::runtime_error when the journal can't be read
  // or written, or the checkout for work under way not be made: start another driver later. However it ends, every
  // stage was left to its leader before.
  Task<void> drive();
  // Something was appended for this run, or a run before it ended.
  void poke() { bell_->ring(); }
  // When it began to wait for the runs before it on its branch; nothing: it doesn't.
  std::optional<Time> waits_for_turn() const { return waits_since_; }
  // No newer run ends it any more.
  bool releases() const { return state_.releases; }
  // A stage of it waits for a person.
  bool asks() const { return state_.asking > 0; }
  // What goes on without a driver holds its place and locks on; for who drives the run next.
  std::vector<Slots::Claim> hand_over();

 private:
  struct Driven;  // one attempt that this process performs

  void catch_up();
  void append(std::vector<Event> events);
  Task<void> conduct();
  Task<void> wait_for_cancel();  // of a run whose repository is watched no more
  void start_clock();            // of the whole run
  void keep_time();              // of the run and its attempts: it stands still while a person is asked
  void end_overdue();
  void say_in_logs(const std::string& line);  // of the attempts at work
  void cancel_driven();
  Task<bool> compile();  // false: the run ended here
  Task<Result<Plan>> read_plan();
  Task<Result<void>> check_files(Plan plan);
  Task<void> wait_for_turn();
  std::optional<Error> given_up() const;
  Task<Result<void>> fetch_commit();
  Task<Result<void>> prepare_checkout();
  Task<void> forget_checkout();
  Task<void> check_out();
  void advance();
  void intend(Event event, std::vector<Event>& events);
  void intend_rollback(const std::string& stage, const StageOutcome& outcome, std::vector<Event>& events);
  Wish wish(const StageSpec& spec) const;
  std::optional<Slots::Claim> claim(const StageSpec& spec, bool resume);  // nothing: it has to wait
  void keep_locks();
  void start(const Action& action, Slots::Claim claim);
  Task<void> perform(std::shared_ptr<Driven> driven, bool resume);
  Task<Result<std::string>> clear(std::shared_ptr<Driven> driven);
  Task<StageOutcome> attempt(std::shared_ptr<Driven> driven, bool resume);
  Task<void> end_steps(std::shared_ptr<Driven> driven);
  void remove_tree(std::shared_ptr<Driven> driven);
  void watch_disk(std::shared_ptr<Driven> driven, const std::string& directory);
  Task<void> finish();
  Task<void> leave();

  EngineParts& parts_;
  const Repository& repository_;
  const Turns& turns_;
  Stop& service_;
  std::shared_ptr<Bell> bell_;
  RunState state_;
  std::vector<Row> history_;
  std::int64_t cursor_ = 0;
  std::vector<std::shared_ptr<Driven>> driven_;
  TreeRemovals removals_;
  std::map<std::string, Slots::Claim> asked_;      // by stage
  std::map<std::string, Slots::Claim> starting_;   // by stage: while its start is being recorded
  std::map<std::string, Slots::Claim> under_way_;  // by stage: found so at the start, or left so at the end
  std::map<std::string, Slots::Claim> kept_;       // by lock
  std::optional<Time> waits_since_;
  bool has_checkout_ = false;     // or it is known why there is none
  bool trusts_checkout_ = false;  // it was made here, or by an earlier runner for what is under way
  bool needs_checkout_ = false;   // a stage may begin but for that
  std::optional<Action> finish_;
  std::optional<RunClock> clock_;
  std::shared_ptr<bool> overdue_ = std::make_shared<bool>(false);
};

}  // namespace quietgate
