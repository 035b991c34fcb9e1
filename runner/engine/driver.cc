#include "runner/engine/driver.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include "runner/core/rollback.h"
#include "runner/engine/attempt_outcome.h"
#include "runner/engine/given.h"
#include "runner/engine/release.h"
#include "runner/engine/stage_request.h"
#include "runner/engine/work_left.h"

namespace quietgate {

struct Driver::Driven {
  Driven(std::string name, int number, Stop& parent, Slots::Claim taken)
      : stage(std::move(name)), attempt(number), runner(parent), stop(runner), claim(std::move(taken)) {}
  std::string stage;
  int attempt;
  Stop runner;
  Stop stop;
  std::optional<RunClock> clock;  // of its timeout
  std::unique_ptr<StageLog> log;
  std::optional<StageOutcome> outcome;
  LowWater::Entry disk;
  std::string no_space;  // why it ends: the disk is full
  Slots::Claim claim;
  bool cleanup = false;  // goes on although the run was cancelled
  bool over = false;
};

namespace {

constexpr std::size_t read_batch = 512;
constexpr int end_tries = 5;
constexpr Milliseconds end_pause{2'000};

bool works(const StageSpec& spec) {
  return !std::holds_alternative<ApproveSpec>(spec.body) && !std::holds_alternative<PromoteSpec>(spec.body);
}

}  // namespace

Driver::Driver(EngineParts& parts, const Turns& turns, const Repository& repository, RunId run, Stop& service)
    : parts_(parts),
      repository_(repository),
      turns_(turns),
      service_(service),
      bell_(std::make_shared<Bell>(parts.executor)),
      removals_(parts.executor) {
  state_.id = std::move(run);
}

Driver::~Driver() = default;

Task<void> Driver::drive() {
  std::exception_ptr ended;
  try {
    co_await conduct();
  } catch (...) {
    ended = std::current_exception();
  }
  if (clock_) clock_->stop();
  co_await leave();
  if (ended) std::rethrow_exception(ended);
}

void Driver::take_up() {
  catch_up();
  if (!state_.plan || state_.status == RunStatus::finished) return;
  for (const auto& spec : state_.plan->stages) {
    const auto& stage = state_.stages.at(spec.name);
    if (stage.status != StageStatus::running && stage.status != StageStatus::awaiting_approval) continue;
    auto held = wish(spec);
    held.since = stage.attempt_started;
    if (held.place || !held.lock.empty()) under_way_.emplace(spec.name, parts_.slots.take(std::move(held)));
  }
  keep_locks();
}

std::vector<Slots::Claim> Driver::hand_over() {
  std::vector<Slots::Claim> all;
  for (auto* claims : {&starting_, &under_way_, &kept_}) {
    for (auto& [name, claim] : *claims) all.push_back(std::move(claim));
    claims->clear();
  }
  return all;
}

Task<void> Driver::conduct() {
  catch_up();
  if (repository_.removed) co_await wait_for_cancel();
  if (state_.status == RunStatus::finished) co_return;
  bool compiled = state_.plan.has_value();
  if (!compiled) compiled = co_await compile();
  if (!compiled) co_return;
  start_clock();
  // Work under way needs it at once. Everything else not before its turn: many runs may wait for long.
  needs_checkout_ = under_way(state_);
  trusts_checkout_ = trusts_checkout_ || needs_checkout_;
  while (!finish_) {
    if (needs_checkout_) co_await check_out();
    if (finish_) break;
    const auto seen = bell_->rings();
    end_overdue();
    advance();
    if (finish_) break;
    if (!needs_checkout_) co_await bell_->wait(seen, service_);
  }
  co_await finish();
}

Task<void> Driver::check_out() {
  auto ready = co_await prepare_checkout();
  needs_checkout_ = false;
  has_checkout_ = true;
  end_overdue();
  catch_up();
  // A run that was cancelled ends without it. One with work under way is not given up: nobody else would end that work;
  // nor is one whose commit is promoted: nobody else would deploy it.
  if (ready || state_.cancel) co_return;
  if ((under_way(state_) || state_.releases) && !given_up()) throw std::runtime_error(ready.error().message);
  if (under_way(state_)) co_return;  // its attempts end as given up
  finish_ = Action{Action::Kind::finish, {}, 0, false, Outcome::error, ready.error().message, false};
}

Task<void> Driver::wait_for_cancel() {
  while (!state_.cancel && state_.status != RunStatus::finished) {
    const auto seen = bell_->rings();
    co_await bell_->wait(seen, service_);
    catch_up();
  }
}

void Driver::start_clock() {
  auto ring = [overdue = overdue_, weak = std::weak_ptr<Bell>(bell_)] {
    *overdue = true;
    if (auto bell = weak.lock()) bell->ring();
  };
  *overdue_ = spent(state_, parts_.clock.now()) >= state_.plan->timeout && !only_waits_for_a_person(state_);
  clock_.emplace(parts_.executor, parts_.clock, state_.plan->timeout, std::move(ring));
  keep_time();
}

void Driver::keep_time() {
  const auto now = parts_.clock.now();
  if (clock_) clock_->keep(spent(state_, now), only_waits_for_a_person(state_));
  for (auto& driven : driven_) {
    const auto& stage = state_.stages.at(driven->stage);
    driven->clock->keep(spent(stage, now), stage.asked != Time{});
  }
}

void Driver::end_overdue() {
  if (!*overdue_) return;
  *overdue_ = false;
  catch_up();
  if (state_.cancel || nothing_left(state_)) return;
  if (state_.releases)
    return say_in_logs("the run's time is over (" + human_duration(state_.plan->timeout) +
                       "), but it releases: it goes on");
  append({CancelRequested{state_.id, "quietgate", "the run timed out after " + human_duration(state_.plan->timeout)}});
}

void Driver::catch_up() {
  const auto asking = state_.asking;
  for (;;) {
    auto rows = parts_.journal.read(cursor_, read_batch, state_.id);
    if (!rows) throw std::runtime_error(rows.error().message);
    for (auto& row : *rows) {
      fold(state_, row.event, row.at);
      cursor_ = row.sequence;
      const auto* cancel = std::get_if<CancelRequested>(&row.event);
      if (cancel != nullptr && cancel->superseded_by.number > 0 && !state_.cancel)
        say_in_logs("newer run " + to_string(cancel->superseded_by) + " waits: this one releases");
      history_.push_back(std::move(row));
    }
    if (rows->size() < read_batch) break;
  }
  if (asking != state_.asking) parts_.slots.note_change();
  keep_time();
  cancel_driven();
}

void Driver::say_in_logs(const std::string& line) {
  for (auto& driven : driven_) {
    if (driven->log && !driven->over) driven->log->line("[" + line + "]");
  }
}

void Driver::cancel_driven() {
  if (!state_.cancel) return;
  for (auto& driven : driven_) {
    if (!driven->cleanup) driven->stop.request(StopReason::cancel, state_.cancel->cause);
  }
}

void Driver::append(std::vector<Event> events) {
  auto appended = parts_.journal.append(std::move(events));
  if (!appended) throw std::runtime_error(appended.error().message);
  catch_up();
}

void Driver::intend(Event event, std::vector<Event>& events) {
  fold(state_, event, parts_.clock.now());
  events.push_back(std::move(event));
}

// In the same append as the end of the stage that asks for it: once, whatever comes between.
void Driver::intend_rollback(const std::string& stage, const StageOutcome& outcome, std::vector<Event>& events) {
  if (!outcome.roll_back) return;
  auto number = parts_.catalog.next_number(state_.id.repository);
  if (!number) throw std::runtime_error(number.error().message);
  auto request = rollback_request(state_, *number, {}, outcome.reason, stage);
  if (request) {
    parts_.say("run " + to_string(state_.id) + ": " + outcome.reason + "; " + request->cause);
    // What this run still deploys must not come after what is put back.
    if (!state_.cancel && !nothing_left(state_))
      intend(CancelRequested{state_.id, "quietgate", "rolled back: " + outcome.reason}, events);
    events.emplace_back(std::move(*request));
  } else {
    parts_.say("run " + to_string(state_.id) + " can't be rolled back: " + request.error().message);
  }
}

void Driver::advance() {
  catch_up();
  std::vector<Event> events;
  std::vector<std::shared_ptr<Driven>> finished;
  for (auto& driven : driven_) {
    if (!driven->over || !driven->outcome) continue;
    intend(StageFinished{state_.id, driven->stage, driven->attempt, *driven->outcome}, events);
    intend_rollback(driven->stage, *driven->outcome, events);
    // Nobody takes what it held before its end is on record.
    under_way_[driven->stage] = std::move(driven->claim);
    finished.push_back(driven);
  }
  std::erase_if(driven_, [](const auto& driven) { return driven->over; });

  std::vector<Action> starts;
  std::vector<std::string> names;
  std::set<std::string> want;
  for (const auto& driven : driven_) names.push_back(driven->stage);
  for (bool again = true; again;) {
    again = false;
    for (auto& action : next(state_, names)) {
      if (action.kind == Action::Kind::finish) finish_ = action;
      if (action.kind == Action::Kind::skip) {
        intend(StageSkipped{state_.id, action.stage, action.reason, action.by_condition}, events);
        again = true;
      }
      if (action.kind != Action::Kind::start) continue;
      names.push_back(action.stage);
      want.insert(action.stage);
      auto claimed = claim(*state_.plan->find(action.stage), action.resume);
      if (!claimed) continue;
      if (!action.resume) {
        const auto nonce = parts_.nonce ? parts_.nonce() : std::string();
        intend(StageStarted{state_.id, action.stage, action.attempt, parts_.boot, nonce}, events);
      }
      starting_[action.stage] = std::move(*claimed);
      starts.push_back(std::move(action));
    }
  }
  std::erase_if(asked_, [&](const auto& asked) { return !want.contains(asked.first); });
  if (!events.empty()) append(std::move(events));
  keep_locks();
  for (const auto& driven : finished) {
    under_way_.erase(driven->stage);
    remove_tree(driven);
  }
  for (const auto& action : starts) start(action, std::move(starting_.at(action.stage)));
  starting_.clear();
  cancel_driven();
}

Wish Driver::wish(const StageSpec& spec) const {
  Wish wish{state_.id, spec.name, works(spec), spec.lock, keeps_lock(spec), later_locks(state_), parts_.clock.now()};
  wish.branch = state_.branch;
  wish.unprotected = !is_protected(repository_, state_.branch);
  return wish;
}

std::optional<Slots::Claim> Driver::claim(const StageSpec& spec, bool resume) {
  if (resume) {
    auto found = under_way_.find(spec.name);
    if (found == under_way_.end()) return parts_.slots.take(wish(spec));
    auto held = std::move(found->second);
    under_way_.erase(found);
    return held;
  }
  auto asked = asked_.find(spec.name);
  if (asked == asked_.end()) {
    auto ring = [weak = std::weak_ptr<Bell>(bell_)] {
      if (auto bell = weak.lock()) bell->ring();
    };
    asked = asked_.emplace(spec.name, parts_.slots.ask(wish(spec), std::move(ring))).first;
  }
  if (!asked->second.granted()) return std::nullopt;
  needs_checkout_ = !has_checkout_;
  if (needs_checkout_) return std::nullopt;
  auto granted = std::move(asked->second);
  asked_.erase(asked);
  return granted;
}

// After every change of the state, before what was granted can be given back.
void Driver::keep_locks() {
  const auto locks = kept_locks(state_);
  for (const auto& lock : locks) {
    if (kept_.contains(lock)) continue;
    Wish kept{state_.id, {}, false, lock, true, later_locks(state_), parts_.clock.now()};
    for (const auto& spec : state_.plan->stages) {
      if (spec.lock != lock || !keeps_lock(spec) || state_.stages.at(spec.name).attempt == 0) continue;
      kept.stage = spec.name;
      kept.since = state_.stages.at(spec.name).started;
      break;
    }
    kept_.emplace(lock, parts_.slots.keep(std::move(kept)));
  }
  std::erase_if(kept_, [&](const auto& kept) { return !locks.contains(kept.first); });
}

void Driver::start(const Action& action, Slots::Claim claim) {
  auto driven = std::make_shared<Driven>(action.stage, action.attempt, service_, std::move(claim));
  const auto* spec = state_.plan->find(action.stage);
  driven->cleanup = state_.stages.at(action.stage).cleans_up;
  driven_.push_back(driven);
  auto late = [weak = std::weak_ptr<Driven>(driven), limit = spec->timeout] {
    if (auto one = weak.lock()) one->stop.request(StopReason::timeout, "timed out after " + human_duration(limit));
  };
  driven->clock.emplace(parts_.executor, parts_.clock, spec->timeout, std::move(late));
  keep_time();
  spawn(parts_.executor, perform(driven, action.resume), [this, driven](std::exception_ptr) {
    driven->clock->stop();
    driven->over = true;
    bell_->ring();
  });
}

Task<void> Driver::perform(std::shared_ptr<Driven> driven, bool resume) {
  try {
    driven->outcome = co_await attempt(driven, resume);
  } catch (const Stopped& stop) {
    if (stop.reason != StopReason::shutdown) driven->outcome = outcome_of_stop(stop);
    if (driven->outcome && !driven->no_space.empty())
      driven->outcome = outcome_of_end(Outcome::error, driven->no_space, "free space, or keep less: see `retention`");
  } catch (const std::exception& bug) {
    driven->outcome = outcome_of_end(Outcome::error, std::string("quietgate failed: ") + bug.what(),
                                     "this is a bug in quietgate: please report it with this line");
  }
  if (parts_.notes != nullptr) parts_.notes->end(state_.id, driven->stage + "." + std::to_string(driven->attempt));
  if (!driven->outcome) co_return;
  // Whoever ended it before its stage could take up what ran: nobody else would end that.
  if (parts_.steps != nullptr && (resume || driven->outcome->outcome != Outcome::passed)) co_await end_steps(driven);
}

void Driver::watch_disk(std::shared_ptr<Driven> driven, const std::string& directory) {
  // Only what steps write to a tree of the attempt's own is given back by its end; and nobody ends a release for it.
  if (parts_.low_water == nullptr || !runs_in_tree(*state_.plan->find(driven->stage))) return;
  // Its own entry ends before it does.
  auto end = [one = driven.get()](const std::string& why) {
    if (one->stop.requested()) return;
    one->no_space = why;
    one->stop.request(StopReason::cancel, why);
  };
  driven->disk = parts_.low_water->enter({to_string(state_.id) + ", " + driven->stage, directory, std::move(end)});
}

// Of an attempt whose end is on record: until then it may be taken up again, and what its steps left be wanted.
void Driver::remove_tree(std::shared_ptr<Driven> driven) {
  if (parts_.trees == nullptr || !runs_in_tree(*state_.plan->find(driven->stage))) return;
  auto directory = parts_.workspace.attempt(state_.id, driven->stage, driven->attempt);
  if (!directory) return;
  removals_.begin(*parts_.trees, *directory, service_, [driven, say = parts_.say](const Error& error) {
    const auto told = error.message + (error.advice.empty() ? "" : " (" + error.advice + ")");
    if (driven->log) driven->log->line(told);
    say(told);
  });
}

// The outcome is on record only when nothing of the attempt runs any more, or can't be ended.
Task<void> Driver::end_steps(std::shared_ptr<Driven> driven) {
  const auto outcome = std::exchange(driven->outcome, std::nullopt);  // left open by the end of the service
  Result<void> ended;
  for (int tries = 0; tries < end_tries; ++tries) {
    if (tries > 0) co_await parts_.clock.sleep(end_pause, driven->runner);
    auto directory = parts_.workspace.attempt(state_.id, driven->stage, driven->attempt);
    ended = directory ? Result<void>() : Result<void>(directory.error());
    if (directory) ended = co_await parts_.steps->end_steps(*directory, driven->runner);
    if (ended) break;
  }
  driven->outcome = outcome;
  if (!ended) driven->outcome->reason += "; what it started could not be ended: " + ended.error().message;
}

// What stands in the place of a new attempt's folder is of a journal that is gone, or somebody's who wants it to be
// believed. Its steps are ended. Answers what was found; empty: nothing.
Task<Result<std::string>> Driver::clear(std::shared_ptr<Driven> driven) {
  auto aside = parts_.workspace.clear_attempt(state_.id, driven->stage, driven->attempt);
  if (!aside) co_return aside.error();
  if (!*aside) co_return std::string();
  auto told = "quietgate: a folder stood in the place of this attempt's, and is now " + **aside;
  parts_.say("run " + to_string(state_.id) + ": " + told);
  if (parts_.steps != nullptr) {
    auto ended = co_await parts_.steps->end_steps(**aside, driven->stop);
    if (!ended) co_return ended.error();
  }
  co_return told;
}

Task<StageOutcome> Driver::attempt(std::shared_ptr<Driven> driven, bool resume) {
  const auto error = given_up();
  // What a promotion or a deployment has begun is asked of the world all the same.
  if (error && resume && runs_in_tree(*state_.plan->find(driven->stage))) co_return outcome_of_error(*error);
  auto asked = stage_request(state_, repository_, driven->stage, parts_.step_environment);
  if (!asked) co_return outcome_of_error(asked.error());
  asked->resume = resume;
  asked->checkout = parts_.workspace.checkout(state_.id);
  asked->pristine = asked->checkout;
  asked->environments = parts_.workspace.environments();
  asked->journal = &parts_.journal;
  asked->history = &history_;
  if (!resume && works(asked->spec) && !parts_.workspace.has_checkout(state_.id)) {
    co_return outcome_of_end(Outcome::error, "the run's checkout is gone: " + parts_.workspace.checkout(state_.id),
                             "somebody removed it from the data directory; retry the run");
  }
  std::string stale;
  if (!resume) {
    auto cleared = co_await clear(driven);
    if (!cleared) co_return outcome_of_error(cleared.error());
    stale = std::move(*cleared);
  }
  auto given = given_to(state_, asked->spec, {parts_.workspace, parts_.journal, parts_.catalog});
  if (!given) co_return outcome_of_error(given.error());
  asked->given = std::move(*given);
  auto directory = parts_.workspace.attempt(state_.id, driven->stage, driven->attempt);
  if (!directory) co_return outcome_of_error(directory.error());
  asked->directory = *directory;
  watch_disk(driven, *directory);
  driven->log = parts_.workspace.open_log(*directory, asked->secrets);
  asked->log = driven->log.get();
  asked->stop = &driven->stop;
  asked->runner = &driven->runner;
  auto kind = parts_.kinds.find(kind_of(asked->spec.body));
  if (kind == parts_.kinds.end()) {
    co_return outcome_of_end(Outcome::error,
                             std::string("this service can't run stages of kind `") + kind_of(asked->spec.body) + "`");
  }
  if (resume) driven->log->line("[quietgate was restarted: taking up this attempt again]");
  if (parts_.trees != nullptr && runs_in_tree(asked->spec)) {
    auto tree = co_await parts_.trees->open(asked->pristine, asked->directory, resume, driven->stop);
    if (!tree) co_return outcome_of_error(tree.error());
    asked->checkout = std::move(*tree);
  }
  if (!stale.empty()) driven->log->line("[" + stale + "]");
  co_return co_await kind->second->run(std::move(*asked));
}

Task<void> Driver::finish() {
  asked_.clear();
  const auto environments = state_.environments;
  for (const auto& [environment, stage] : environments)
    co_await parts_.reaper.destroy(environment, "its run has ended", service_);
  catch_up();
  // Before the run's end is on record: nobody looks after a finished run's files.
  co_await forget_checkout();
  append({RunFinished{state_.id, finish_->outcome,
                      reason_of_end(parts_.journal, parts_.catalog, finish_->reason, state_, history_)}});
  keep_locks();
}

// No stage of it may outlive the driver. What they started goes on under its leaders.
Task<void> Driver::leave() {
  Stop never;
  for (auto& driven : driven_) driven->runner.request(StopReason::shutdown, "the run's driver ends");
  for (;;) {
    const auto seen = bell_->rings();
    if (std::all_of(driven_.begin(), driven_.end(), [](const auto& driven) { return driven->over; })) break;
    co_await bell_->wait(seen, never);
  }
  // What ended while the service stopped is recorded, not forgotten.
  std::vector<Event> events;
  std::vector<std::string> finished;
  for (auto& driven : driven_) {
    under_way_[driven->stage] = std::move(driven->claim);
    if (!driven->outcome) continue;
    events.push_back(StageFinished{state_.id, driven->stage, driven->attempt, *driven->outcome});
    intend_rollback(driven->stage, *driven->outcome, events);
    finished.push_back(driven->stage);
  }
  driven_.clear();
  if (!events.empty()) append(std::move(events));
  for (const auto& stage : finished) under_way_.erase(stage);
}

}  // namespace quietgate
