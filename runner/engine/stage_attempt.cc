#include "runner/engine/stage_attempt.h"

#include <utility>

#include "runner/engine/attempt_outcome.h"
#include "runner/engine/given.h"
#include "runner/engine/run_checkout.h"
#include "runner/engine/stage_request.h"

namespace quietgate {

namespace {

constexpr int end_tries = 5;
constexpr Milliseconds end_pause{2'000};

}  // namespace

StageAttempt::StageAttempt(const RunContext& run, std::string stage, int attempt, Slots::Claim claim)
    : run_(run),
      stage_(std::move(stage)),
      attempt_(attempt),
      runner_(run.service),
      stop_(runner_),
      clock_(run.parts.executor, run.parts.clock, spec().timeout,
             [this, limit = spec().timeout] {
               stop_.request(StopReason::timeout, "timed out after " + human_duration(limit));
             }),
      claim_(std::move(claim)),
      cleans_up_(run.rows.state().stages.at(stage_).cleans_up) {}

const StageSpec& StageAttempt::spec() const {
  return *run_.rows.state().plan->find(stage_);
}

void StageAttempt::end() {
  clock_.stop();
  over_ = true;
}

void StageAttempt::keep_time(Time now) {
  const auto& stage = run_.rows.state().stages.at(stage_);
  clock_.keep(spent(stage, now), stage.asked != Time{});
}

void StageAttempt::say(const std::string& line) {
  if (log_ && !over_) log_->line("[" + line + "]");
}

void StageAttempt::cancel(const std::string& cause) {
  if (!cleans_up_) stop_.request(StopReason::cancel, cause);
}

void StageAttempt::leave(const std::string& cause) {
  runner_.request(StopReason::shutdown, cause);
}

Task<void> StageAttempt::perform(bool resume) {
  auto& parts = run_.parts;
  try {
    outcome_ = co_await run(resume);
  } catch (const Stopped& stop) {
    if (stop.reason != StopReason::shutdown) outcome_ = outcome_of_stop(stop);
    if (outcome_ && disk_ended_) outcome_ = disk_ended_;
  } catch (const std::exception& bug) {
    outcome_ = outcome_of_end(Outcome::error, std::string("quietgate failed: ") + bug.what(),
                              "this is a bug in quietgate: please report it with this line");
  }
  if (parts.notes != nullptr) parts.notes->end(run_.rows.state().id, stage_ + "." + std::to_string(attempt_));
  if (!outcome_) co_return;
  // Whoever ended it before its stage could take up what ran: nobody else would end that.
  if (parts.steps != nullptr && (resume || outcome_->outcome != Outcome::passed)) co_await end_steps();
}

void StageAttempt::watch_disk(const std::string& directory) {
  // Only what steps write to a tree of the attempt's own is given back by its end; and nobody ends a release for it.
  if (!traits_of(spec()).runs_in_tree) return;
  // Its own entries end before it does.
  const auto end_with = [this](Outcome outcome, std::string advice) {
    return [this, outcome, advice = std::move(advice)](const std::string& why) {
      if (stop_.requested()) return;
      disk_ended_ = outcome_of_end(outcome, why, advice);
      stop_.request(StopReason::cancel, why);
    };
  };
  const auto& parts = run_.parts;
  const auto name = to_string(run_.rows.state().id) + ", " + stage_;
  if (parts.low_water != nullptr)
    disk_ = parts.low_water->enter(
        {name, directory, end_with(Outcome::error, "free some space, or keep fewer runs: see `retention`")});
  if (parts.tree_limit != nullptr)
    tree_ = parts.tree_limit->enter(
        {name, directory,
         end_with(Outcome::failed, "write less, or raise `limits: {tree: SIZE}` in the service's configuration")});
}

void StageAttempt::remove_tree(const std::shared_ptr<StageAttempt>& ended) {
  const auto& run = ended->run_;
  if (run.parts.trees == nullptr || !traits_of(ended->spec()).runs_in_tree) return;
  auto directory = run.parts.workspace.attempt(run.rows.state().id, ended->stage_, ended->attempt_);
  if (!directory) return;
  run.removals.begin(*run.parts.trees, *directory, run.service, [ended, say = run.parts.say](const Error& error) {
    const auto told = error.message + (error.advice.empty() ? "" : " (" + error.advice + ")");
    if (ended->log_) ended->log_->line(told);
    say(told);
  });
}

// The outcome is on record only when nothing of the attempt runs any more, or can't be ended.
Task<void> StageAttempt::end_steps() {
  auto& parts = run_.parts;
  const auto outcome = std::exchange(outcome_, std::nullopt);  // left open by the end of the service
  Result<void> ended;
  for (int tries = 0; tries < end_tries; ++tries) {
    if (tries > 0) co_await parts.clock.sleep(end_pause, runner_);
    // What stands in the place of its folder, and is another's, is no place to look for its steps.
    auto directory = parts.workspace.attempt(run_.rows.state().id, stage_, attempt_);
    ended = directory ? Result<void>() : Result<void>(directory.error());
    const StepOwner owner = AttemptOwner{{run_.rows.state().id, stage_, attempt_}};
    if (directory) ended = co_await quietgate::end_steps(*parts.steps, owner, runner_);
    if (ended) break;
  }
  outcome_ = outcome;
  if (!ended) outcome_->reason += "; its processes could not be ended: " + ended.error().message;
}

// What stands in the place of a new attempt's folder is of a journal that is gone, or somebody's who wants it to be
// believed. Its steps are ended. Answers what was found; empty: nothing.
Task<Result<std::string>> StageAttempt::clear() {
  auto& parts = run_.parts;
  const auto& id = run_.rows.state().id;
  const AttemptId attempt{id, stage_, attempt_};
  auto aside = parts.workspace.clear_attempt(attempt);
  if (!aside) co_return aside.error();
  if (!*aside) co_return std::string();
  auto told = "quietgate: another folder was in the place of this attempt's; it was moved to " + (*aside)->path;
  parts.say("run " + to_string(id) + ": " + told);
  if (parts.steps != nullptr) {
    const StepOwner owner = (*aside)->steps;
    auto ended = co_await quietgate::end_steps(*parts.steps, owner, stop_);
    if (!ended) co_return ended.error();
  }
  co_return told;
}

Task<StageOutcome> StageAttempt::run(bool resume) {
  auto& parts = run_.parts;
  const auto& state = run_.rows.state();
  const auto error = given_up(state);
  // What a promotion or a deployment has begun is asked of the world all the same.
  if (error && resume && traits_of(spec()).runs_in_tree) co_return outcome_of_error(*error);
  auto request = stage_request(state, run_.repository, stage_, parts.step_environment);
  if (!request) co_return outcome_of_error(request.error());
  request->resume = resume;
  request->checkout = parts.workspace.checkout(state.id);
  request->pristine = request->checkout;
  request->environments = parts.workspace.environments();
  request->journal = &parts.journal;
  request->progress = parts.progress;
  request->run_state = &state;
  request->stop = &stop_;
  request->runner = &runner_;
  if (!resume && traits_of(request->spec).takes_slot && !parts.workspace.has_checkout(state.id)) {
    co_return outcome_of_end(Outcome::error, "the run's checkout is gone: " + parts.workspace.checkout(state.id),
                             "somebody removed it from the data directory; retry the run");
  }
  co_return co_await run_prepared(std::move(*request));
}

Task<StageOutcome> StageAttempt::run_prepared(StageRequest request) {
  auto& parts = run_.parts;
  const auto& state = run_.rows.state();
  std::string stale;
  if (!request.resume) {
    auto cleared = co_await clear();
    if (!cleared) co_return outcome_of_error(cleared.error());
    stale = std::move(*cleared);
  }
  const GivenFrom from{parts.workspace, parts.journal, parts.catalog};
  auto given = co_await given_to(state, request.spec, from);
  if (!given) co_return outcome_of_error(given.error());
  request.given = std::move(*given);
  auto directory = parts.workspace.attempt(state.id, stage_, attempt_);
  if (!directory) co_return outcome_of_error(directory.error());
  request.directory = *directory;
  watch_disk(*directory);
  log_ = parts.workspace.open_log(*directory, request.secrets);
  request.log = log_.get();
  const auto kind = parts.kinds.find(kind_of(request.spec.body));
  if (kind == parts.kinds.end()) {
    co_return outcome_of_end(Outcome::error,
                             std::string("this service can't run stages of kind `") + kind_of(request.spec.body) + "`");
  }
  if (request.resume) log_->line("[quietgate was restarted: resuming this attempt]");
  if (parts.trees != nullptr && traits_of(request.spec).runs_in_tree) {
    auto tree = co_await parts.trees->open(request.pristine, request.directory, request.resume, stop_);
    if (!tree) co_return outcome_of_error(tree.error());
    request.checkout = std::move(*tree);
  }
  if (!stale.empty()) log_->line("[" + stale + "]");
  co_return co_await kind->second->run(std::move(request));
}

}  // namespace quietgate
