#include "runner/engine/driver.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include "runner/engine/work_left.h"
#include "runner/model/release.h"
#include "runner/model/rollback.h"
#include "runner/ports/folded_run.h"

namespace quietgate {

Driver::Driver(EngineParts& parts, const BranchOrder& order, const Repository& repository, RunId run, Stop& service)
    : parts_(parts),
      repository_(repository),
      service_(service),
      bell_(std::make_shared<Bell>(parts.executor)),
      rows_(parts.journal, parts.clock, std::move(run)),
      checkout_(parts, repository, rows_, service),
      preparation_(parts, repository, order, rows_, checkout_, *bell_, service),
      claims_(parts.slots, parts.clock, repository, rows_.state()),
      removals_(parts.executor) {}

// Whoever calls it may outlive the driver.
std::function<void()> Driver::bell_ringer() const {
  return [weak = std::weak_ptr<Bell>(bell_)] {
    if (auto bell = weak.lock()) bell->ring();
  };
}

Task<void> Driver::drive() {
  std::exception_ptr ended;
  try {
    co_await conduct();
  } catch (...) {
    ended = std::current_exception();
  }
  timeout_.stop();
  co_await leave();
  if (ended) std::rethrow_exception(ended);
}

Task<void> Driver::take_up() {
  co_await catch_up();
  if (state().plan && state().status != RunStatus::finished) claims_.take_up();
}

Task<void> Driver::catch_up() {
  const auto news = co_await rows_.catch_up();
  tell(news);
}

Task<void> Driver::append(RunRows::Intended rows) {
  const auto news = co_await rows_.append(std::move(rows));
  tell(news);
}

void Driver::tell(const RunRows::News& news) {
  for (const auto& newer : news.newer_that_wait) {
    for (const auto& attempt : attempts_)
      attempt->say("newer run " + to_string(newer) + " waits: this run is releasing");
  }
  if (news.asking) parts_.slots.note_change();
  const auto now = parts_.clock.now();
  timeout_.keep(state(), now);
  for (const auto& attempt : attempts_) {
    attempt->keep_time(now);
    if (state().cancel) attempt->cancel(state().cancel->cause);
  }
}

Task<void> Driver::conduct() {
  co_await catch_up();
  if (repository_.removed) co_await wait_for_cancel();
  if (state().status == RunStatus::finished) co_return;
  bool compiled = static_cast<bool>(state().plan);
  if (!compiled) compiled = co_await preparation_.compile();
  if (!compiled) co_return;
  timeout_.start(state(), parts_.executor, parts_.clock, bell_ringer());
  // Work under way needs it at once. Everything else not before its turn: many runs may wait for long.
  needs_checkout_ = under_way(state());
  if (needs_checkout_) checkout_.trust();
  while (!finish_) {
    if (needs_checkout_) co_await check_out();
    if (finish_) break;
    const auto seen = bell_->rings();
    co_await end_overdue();
    co_await advance();
    if (finish_) break;
    if (!needs_checkout_) co_await bell_->wait(seen, service_);
  }
  co_await finish();
}

Task<void> Driver::check_out() {
  auto ready = co_await checkout_.prepare();
  needs_checkout_ = false;
  has_checkout_ = true;
  co_await end_overdue();
  co_await catch_up();
  // A run that was cancelled ends without it. One with work under way is not given up: nobody else would end that work;
  // nor is one whose commit is promoted: nobody else would deploy it.
  if (ready || state().cancel) co_return;
  if ((under_way(state()) || state().releases) && !given_up(state())) throw std::runtime_error(ready.error().message);
  if (under_way(state())) co_return;  // its attempts end as given up
  finish_ = Action{Action::Kind::finish, {}, 0, false, Outcome::error, ready.error().message, false};
}

Task<void> Driver::wait_for_cancel() {
  // What rings while the rows are read is not among them yet, or may not be.
  auto seen = bell_->rings();
  co_await catch_up();
  while (!state().cancel && state().status != RunStatus::finished) {
    co_await bell_->wait(seen, service_);
    seen = bell_->rings();
    co_await catch_up();
  }
}

Task<void> Driver::end_overdue() {
  if (!timeout_.take_overdue()) co_return;
  co_await catch_up();
  if (state().cancel || nothing_left(state())) co_return;
  const auto limit = human_duration(state().plan->timeout);
  if (!state().releases) {
    RunRows::Intended rows;
    rows.events.emplace_back(CancelRequested{state().id, "quietgate", "the run timed out after " + limit});
    co_return co_await append(std::move(rows));
  }
  for (const auto& attempt : attempts_)
    attempt->say("the run has timed out (" + limit + "), but it is releasing and continues");
}

// A rollback that it asks for is in the same append: once, whatever comes between.
void Driver::intend_end(const StageAttempt& ended, RunRows::Intended& rows) {
  const auto& outcome = *ended.outcome();
  rows_.intend(StageFinished{state().id, ended.stage(), ended.number(), outcome}, rows);
  if (!outcome.roll_back) return;
  auto request = rollback_request(state(), 0, {}, outcome.reason, ended.stage());
  if (!request) return parts_.say("run " + to_string(state().id) + " can't be rolled back: " + request.error().message);
  parts_.say("run " + to_string(state().id) + ": " + outcome.reason + "; " + request->cause);
  // What this run still deploys must not come after what is put back.
  if (!state().cancel && !nothing_left(state()))
    rows_.intend(CancelRequested{state().id, "quietgate", "rolled back: " + outcome.reason}, rows);
  rows.runs.push_back(std::move(*request));
}

// What begins now. Skips are intended at once: others may begin by them.
std::vector<Action> Driver::choose(RunRows::Intended& rows) {
  std::vector<Action> starts;
  std::vector<std::string> names;
  std::set<std::string> want;
  for (const auto& attempt : attempts_) names.push_back(attempt->stage());
  for (bool again = true; again;) {
    again = false;
    for (auto& action : next(state(), names)) {
      if (action.kind == Action::Kind::finish) finish_ = action;
      if (action.kind == Action::Kind::skip) {
        rows_.intend(StageSkipped{state().id, action.stage, action.reason, action.by_condition}, rows);
        again = true;
      }
      if (action.kind != Action::Kind::start) continue;
      names.push_back(action.stage);
      want.insert(action.stage);
      const auto& spec = *state().plan->find(action.stage);
      if (action.resume) {
        claims_.begin(spec.name, claims_.resumed(spec));
      } else {
        if (!claims_.ask(spec, bell_ringer())) continue;
        needs_checkout_ = !has_checkout_;
        if (needs_checkout_) continue;
        const auto nonce = parts_.nonce ? parts_.nonce() : std::string();
        rows_.intend(StageStarted{state().id, action.stage, action.attempt, parts_.boot, nonce, parts_.isolation},
                     rows);
        claims_.begin(spec.name, claims_.granted(spec.name));
      }
      starts.push_back(std::move(action));
    }
  }
  claims_.forget_unless([&](const std::string& stage) { return want.contains(stage); });
  return starts;
}

Task<void> Driver::advance() {
  co_await catch_up();
  RunRows::Intended rows;
  Attempts ended;
  for (const auto& attempt : attempts_) {
    if (!attempt->over() || !attempt->outcome()) continue;
    intend_end(*attempt, rows);
    // Nobody takes what it held before its end is on record.
    claims_.hold(attempt->stage(), attempt->claim());
    ended.push_back(attempt);
  }
  std::erase_if(attempts_, [](const auto& attempt) { return attempt->over(); });
  const auto starts = choose(rows);
  if (!rows.empty()) co_await append(std::move(rows));
  claims_.keep_locks();
  for (const auto& attempt : ended) {
    claims_.let_go(attempt->stage());
    StageAttempt::remove_tree(attempt);
  }
  for (const auto& action : starts) start(action);
}

void Driver::start(const Action& action) {
  const RunContext run{parts_, repository_, rows_, removals_, service_};
  auto attempt = std::make_shared<StageAttempt>(run, action.stage, action.attempt, claims_.begun(action.stage));
  attempts_.push_back(attempt);
  attempt->keep_time(parts_.clock.now());
  spawn(parts_.executor, attempt->perform(action.resume), [attempt, ring = bell_ringer()](std::exception_ptr) {
    attempt->end();
    ring();
  });
  if (state().cancel) attempt->cancel(state().cancel->cause);
}

Task<void> Driver::finish() {
  claims_.forget_all();
  const auto environments = state().environments;
  for (const auto& [id, environment] : environments) co_await parts_.reaper.destroy(id, "its run has ended", service_);
  co_await catch_up();
  // Before the run's end is on record: nobody looks after a finished run's files.
  co_await removals_.wait(service_);
  co_await checkout_.forget();
  const bool put_back = co_await is_put_back(parts_.journal, parts_.catalog, state().id);
  // Last: nothing is asked between what is known of the run and its end.
  co_await catch_up();
  auto reason = finish_->reason;
  if (!put_back) reason = with_release_gap(std::move(reason), state());
  RunRows::Intended rows;
  rows.events.emplace_back(RunFinished{state().id, finish_->outcome, std::move(reason)});
  co_await append(std::move(rows));
  claims_.keep_locks();
}

// No stage of it may outlive the driver. What they started goes on under its leaders.
Task<void> Driver::leave() {
  Stop never;
  for (const auto& attempt : attempts_) attempt->leave("the run's driver ends");
  for (;;) {
    const auto seen = bell_->rings();
    if (std::all_of(attempts_.begin(), attempts_.end(), [](const auto& attempt) { return attempt->over(); })) break;
    co_await bell_->wait(seen, never);
  }
  // What ended while the service stopped is recorded, not forgotten.
  RunRows::Intended rows;
  std::vector<std::string> ended;
  for (const auto& attempt : attempts_) {
    claims_.hold(attempt->stage(), attempt->claim());
    if (!attempt->outcome()) continue;
    intend_end(*attempt, rows);
    ended.push_back(attempt->stage());
  }
  attempts_.clear();
  if (!rows.empty()) co_await append(std::move(rows));
  for (const auto& stage : ended) claims_.let_go(stage);
}

}  // namespace quietgate
