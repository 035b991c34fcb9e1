#include "runner/engine/driver.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "runner/engine/expire.h"

namespace quietgate {

struct Driver::Driven {
  Driven(std::string name, int number, Stop& parent, Slots::Place taken)
      : stage(std::move(name)), attempt(number), runner(parent), stop(runner), place(std::move(taken)) {}
  std::string stage;
  int attempt;
  Stop runner;
  Stop stop;
  std::shared_ptr<Stop> timer = std::make_shared<Stop>();
  std::unique_ptr<StageLog> log;
  std::optional<StageOutcome> outcome;
  Slots::Place place;
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

StageOutcome ended(Outcome outcome, std::string reason, std::string advice = {}) {
  StageOutcome ended;
  ended.outcome = outcome;
  ended.reason = std::move(reason);
  ended.advice = std::move(advice);
  return ended;
}

StageOutcome stopped(const Stopped& stop) {
  if (stop.reason == StopReason::timeout) {
    auto outcome = ended(Outcome::failed, stop.cause, "raise the stage's `timeout`, or make it faster");
    outcome.timed_out = true;
    return outcome;
  }
  return ended(Outcome::cancelled, stop.cause);
}

// A clock that was set back must not make a timeout longer than it is.
Milliseconds passed_since(Time begin, Time now) {
  return begin == Time{} ? Milliseconds{0} : std::max(Milliseconds{0}, now - begin);
}

bool nothing_left(const RunState& state) {
  const auto actions = next(state, {});
  return std::any_of(actions.begin(), actions.end(), [](const Action& a) { return a.kind == Action::Kind::finish; });
}

// Whether something may run under a leader for this run.
bool under_way(const RunState& state) {
  return std::any_of(state.stages.begin(), state.stages.end(), [](const auto& entry) {
    return entry.second.status == StageStatus::running || entry.second.status == StageStatus::awaiting_approval;
  });
}

StageOutcome failed_by(const Error& error) {
  return ended(error.kind == ErrorKind::infrastructure ? Outcome::error : Outcome::failed, error.message, error.advice);
}

}  // namespace

Driver::Driver(EngineParts& parts, const Repository& repository, RunId run, Stop& service)
    : parts_(parts), repository_(repository), service_(service), bell_(std::make_shared<Bell>(parts.executor)) {
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
  run_->request(StopReason::cancel, "the run is over");
  co_await leave();
  if (ended) std::rethrow_exception(ended);
}

Task<void> Driver::conduct() {
  catch_up();
  if (repository_.removed) co_await wait_for_cancel();
  if (state_.status == RunStatus::finished) co_return;
  bool compiled = state_.plan.has_value();
  if (!compiled) compiled = co_await compile();
  if (!compiled) co_return;
  keep_time();
  Result<void> ready;
  if (!nothing_left(state_)) ready = co_await prepare_checkout();
  end_overdue();
  catch_up();
  // A run that ends needs no checkout. One with work under way is not given up: nobody else would end that work.
  if (!ready && !state_.cancel) {
    if (under_way(state_)) throw std::runtime_error(ready.error().message);
    finish_ = Action{Action::Kind::finish, {}, 0, false, Outcome::error, ready.error().message, false};
  }
  while (!finish_) {
    const auto seen = bell_->rings();
    end_overdue();
    advance();
    if (finish_) break;
    co_await bell_->wait(seen, service_);
  }
  co_await finish();
}

Task<void> Driver::wait_for_cancel() {
  while (!state_.cancel && state_.status != RunStatus::finished) {
    const auto seen = bell_->rings();
    co_await bell_->wait(seen, service_);
    catch_up();
  }
}

void Driver::keep_time() {
  auto ring = [overdue = overdue_, weak = std::weak_ptr<Bell>(bell_)] {
    *overdue = true;
    if (auto bell = weak.lock()) bell->ring();
  };
  const auto left = state_.plan->timeout - passed_since(state_.timed_from, parts_.clock.now());
  *overdue_ = left <= Milliseconds{0};
  if (!*overdue_) expire_after(parts_.executor, parts_.clock, left, run_, std::move(ring));
}

void Driver::end_overdue() {
  if (!*overdue_) return;
  *overdue_ = false;
  if (state_.cancel || nothing_left(state_)) return;
  append({CancelRequested{state_.id, "quietgate", "the run timed out after " + human_duration(state_.plan->timeout)}});
}

void Driver::catch_up() {
  for (;;) {
    auto rows = parts_.journal.read(cursor_, read_batch, state_.id);
    if (!rows) throw std::runtime_error(rows.error().message);
    for (auto& row : *rows) {
      fold(state_, row.event, row.at);
      cursor_ = row.sequence;
      history_.push_back(std::move(row));
    }
    if (rows->size() < read_batch) break;
  }
  cancel_driven();
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

Task<Result<void>> Driver::fetch_commit() {
  const auto& name = repository_.remote.repository;
  auto known = co_await parts_.git.commit(name, state_.commit, service_);
  if (known) co_return Result<void>{};
  // A brace list inside a co_await expression breaks g++ 12.
  std::vector<std::string> branches(1, state_.branch);
  auto fetched = co_await parts_.git.fetch(repository_.remote, std::move(branches), service_);
  if (!fetched) co_return fetched.error();
  known = co_await parts_.git.commit(name, state_.commit, service_);
  if (!known) co_return known.error();
  co_return Result<void>{};
}

Task<bool> Driver::compile() {
  if (state_.cancel) {
    forget_checkout();
    append({RunFinished{state_.id, Outcome::cancelled, state_.cancel->cause}});
    co_return false;
  }
  std::string diagnostics;
  auto outcome = Outcome::failed;
  auto fetched = co_await fetch_commit();
  Result<std::optional<std::string>> text = std::optional<std::string>{};
  if (fetched)
    text = co_await parts_.git.read_file(repository_.remote.repository, state_.commit, repository_.pipeline,
                                         pipeline_size_limit, service_);
  if (!fetched || !text) {
    const auto& error = fetched ? text.error() : fetched.error();
    diagnostics = error.message;
    outcome = error.kind == ErrorKind::user ? Outcome::failed : Outcome::error;
  } else if (!text->has_value()) {
    diagnostics = "there is no " + repository_.pipeline + " at commit " + state_.commit.substr(0, 7);
  } else {
    PlanContext context{state_.id, state_.commit, state_.branch, {}, {}};
    if (auto commit = co_await parts_.git.commit(repository_.remote.repository, state_.commit, service_)) {
      context.message = commit->summary;
      context.author = commit->author;
    }
    auto plan = parts_.compiler.compile(**text, repository_.pipeline, context);
    if (plan) {
      co_await wait_for_turn(plan->concurrency);
      Plan copy = *plan;
      auto checked = co_await check_files(std::move(copy));
      catch_up();
      if (checked && !state_.cancel) {
        append({PlanCompiled{state_.id, std::move(*plan)}});
        co_return true;
      }
      forget_checkout();
      if (state_.cancel) {
        append({RunFinished{state_.id, Outcome::cancelled, state_.cancel->cause}});
        co_return false;
      }
      const auto& error = checked.error();
      diagnostics = error.message + (error.advice.empty() ? "" : "\n" + error.advice);
      outcome = error.kind == ErrorKind::user ? Outcome::failed : Outcome::error;
    } else {
      diagnostics = plan.error().message;
    }
  }
  const auto first_line = diagnostics.substr(0, diagnostics.find('\n'));
  append({PlanRejected{state_.id, diagnostics, outcome}, RunFinished{state_.id, outcome, first_line}});
  co_return false;
}

Task<Result<void>> Driver::check_files(Plan plan) {
  if (parts_.check == nullptr || state_.cancel) co_return Result<void>{};
  // A checkout that can't be made is told when the first stage needs it.
  auto ready = co_await prepare_checkout();
  if (!ready) co_return Result<void>{};
  auto checkout = parts_.workspace.checkout(state_.id);
  co_return co_await parts_.check->check(std::move(plan), std::move(checkout), service_);
}

void Driver::forget_checkout() {
  if (auto removed = parts_.workspace.remove_checkout(state_.id); !removed) parts_.say(removed.error().message);
}

Task<void> Driver::wait_for_turn(Concurrency concurrency) {
  while (concurrency != Concurrency::parallel) {
    const auto seen = bell_->rings();
    catch_up();
    if (state_.cancel) co_return;
    auto unfinished = parts_.catalog.unfinished_runs();
    if (!unfinished) throw std::runtime_error(unfinished.error().message);
    bool mine = std::none_of(unfinished->begin(), unfinished->end(), [&](const RunSummary& other) {
      return other.id.repository == state_.id.repository && other.branch == state_.branch &&
             other.id.number < state_.id.number;
    });
    if (mine) co_return;
    co_await bell_->wait(seen, service_);
  }
}

Task<Result<void>> Driver::prepare_checkout() {
  if (parts_.workspace.has_checkout(state_.id)) co_return Result<void>{};
  if (auto fetched = co_await fetch_commit(); !fetched) co_return fetched.error();
  auto folder = parts_.workspace.begin_checkout(state_.id);
  if (!folder) co_return folder.error();
  auto written = co_await parts_.git.checkout(repository_.remote.repository, state_.commit, *folder, service_);
  if (!written) co_return written.error();
  co_return parts_.workspace.finish_checkout(state_.id);
}

void Driver::advance() {
  catch_up();
  std::vector<Event> events;
  const auto now = parts_.clock.now();
  auto intend = [&](Event event) {
    fold(state_, event, now);
    events.push_back(std::move(event));
  };
  for (auto& driven : driven_) {
    if (driven->over && driven->outcome)
      intend(StageFinished{state_.id, driven->stage, driven->attempt, *driven->outcome});
  }
  std::erase_if(driven_, [](const auto& driven) { return driven->over; });

  std::vector<std::pair<Action, Slots::Place>> starts;
  std::vector<std::string> names;
  for (const auto& driven : driven_) names.push_back(driven->stage);
  for (bool again = true; again;) {
    again = false;
    for (auto& action : next(state_, names)) {
      if (action.kind == Action::Kind::finish) finish_ = action;
      if (action.kind == Action::Kind::skip) {
        intend(StageSkipped{state_.id, action.stage, action.reason, action.by_condition});
        again = true;
      }
      if (action.kind != Action::Kind::start) continue;
      names.push_back(action.stage);
      auto place = take_slot(*state_.plan->find(action.stage), action.resume);
      if (!place) continue;
      if (!action.resume) intend(StageStarted{state_.id, action.stage, action.attempt});
      starts.emplace_back(std::move(action), std::move(*place));
    }
  }
  if (!events.empty()) append(std::move(events));
  for (auto& [action, place] : starts) start(action, std::move(place));
  cancel_driven();
}

std::optional<Slots::Place> Driver::take_slot(const StageSpec& spec, bool resume) {
  if (!works(spec)) return Slots::Place();
  if (resume) return parts_.slots.take();
  return parts_.slots.try_take([weak = std::weak_ptr<Bell>(bell_)] {
    if (auto bell = weak.lock()) bell->ring();
  });
}

void Driver::start(const Action& action, Slots::Place place) {
  auto driven = std::make_shared<Driven>(action.stage, action.attempt, service_, std::move(place));
  const auto* spec = state_.plan->find(action.stage);
  driven->cleanup = state_.stages.at(action.stage).cleans_up;
  driven_.push_back(driven);
  const auto spent = action.resume ? passed_since(state_.stages.at(action.stage).attempt_started, parts_.clock.now())
                                   : Milliseconds{0};
  auto late = [driven, limit = spec->timeout] {
    driven->stop.request(StopReason::timeout, "timed out after " + human_duration(limit));
  };
  expire_after(parts_.executor, parts_.clock, spec->timeout - spent, driven->timer, late);
  spawn(parts_.executor, perform(driven, action.resume), [this, driven](std::exception_ptr) {
    driven->timer->request(StopReason::cancel, "the attempt is over");
    driven->place.give_back();
    driven->over = true;
    bell_->ring();
  });
}

Task<void> Driver::perform(std::shared_ptr<Driven> driven, bool resume) {
  try {
    driven->outcome = co_await attempt(driven, resume);
  } catch (const Stopped& stop) {
    if (stop.reason != StopReason::shutdown) driven->outcome = stopped(stop);
  } catch (const std::exception& bug) {
    driven->outcome = ended(Outcome::error, std::string("quietgate failed: ") + bug.what(),
                            "this is a bug in quietgate: please report it with this line");
  }
  if (!driven->outcome || parts_.steps == nullptr) co_return;
  // Whoever ended it before its stage could take up what ran: nobody else would end that.
  if (resume || driven->outcome->outcome != Outcome::passed) co_await end_steps(driven);
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

Task<StageOutcome> Driver::attempt(std::shared_ptr<Driven> driven, bool resume) {
  auto asked = request(*driven, resume);
  if (!asked) co_return failed_by(asked.error());
  if (!resume && works(asked->spec) && !parts_.workspace.has_checkout(state_.id)) {
    co_return ended(Outcome::error, "the run's checkout is gone: " + parts_.workspace.checkout(state_.id),
                    "somebody removed it from the data directory; retry the run");
  }
  auto directory = parts_.workspace.attempt(state_.id, driven->stage, driven->attempt);
  if (!directory) co_return failed_by(directory.error());
  asked->directory = *directory;
  driven->log = parts_.workspace.open_log(*directory, asked->secrets);
  asked->log = driven->log.get();
  asked->stop = &driven->stop;
  asked->runner = &driven->runner;
  auto kind = parts_.kinds.find(kind_of(asked->spec.body));
  if (kind == parts_.kinds.end()) {
    co_return ended(Outcome::error,
                    std::string("this service can't run stages of kind `") + kind_of(asked->spec.body) + "`");
  }
  if (resume) driven->log->line("[quietgate was restarted: taking up this attempt again]");
  co_return co_await kind->second->run(std::move(*asked));
}

bool Driver::is_protected() const {
  return any_glob_matches(repository_.protected_branches, state_.branch);
}

std::optional<std::string> Driver::value_of(const StageSpec& spec, const std::string& name) const {
  auto tail = [&](const char* prefix) -> std::optional<std::string> {
    const std::string head(prefix);
    return name.rfind(head, 0) == 0 ? std::optional<std::string>(name.substr(head.size())) : std::nullopt;
  };
  if (auto secret = tail("secrets.")) {
    const auto& declared = state_.plan->secrets;
    if (!is_protected() || std::find(declared.begin(), declared.end(), *secret) == declared.end()) return std::nullopt;
    auto found = repository_.secrets.find(*secret);
    return found == repository_.secrets.end() ? std::nullopt : std::optional<std::string>(found->second);
  }
  if (auto variable = tail("environment.")) {
    auto found = spec.environment.find(*variable);
    return found == spec.environment.end() ? std::nullopt : std::optional<std::string>(found->second);
  }
  return stage_value(state_, name);
}

Result<StageRequest> Driver::request(const Driven& driven, bool resume) {
  StageRequest request;
  request.spec = *state_.plan->find(driven.stage);
  const bool promotes = std::holds_alternative<PromoteSpec>(request.spec.body);
  if (promotes && !is_protected()) {
    return user_error(
        "branch `" + state_.branch + "` is not protected, so its runs may not promote",
        "add it to `protected` of this repository in the service's configuration, or promote from one that is");
  }
  const Lookup lookup = [this, spec = request.spec](const std::string& name) { return value_of(spec, name); };
  // Of an `apply` stage, ports.* and apply.* stay: the stage itself knows them.
  auto resolved = resolve(std::move(request.spec), lookup);
  if (!resolved) return resolved.error();
  request.spec = std::move(*resolved);
  request.run = state_.id;
  request.commit = state_.commit;
  request.branch = state_.branch;
  request.remote = repository_.remote;
  request.attempt = driven.attempt;
  request.resume = resume;
  request.checkout = parts_.workspace.checkout(state_.id);
  request.environments = parts_.workspace.environments();
  for (const auto& [name, stage] : state_.stages) {
    if (stage.status == StageStatus::finished) request.finished[name] = stage.outcome;
  }
  for (const auto& [name, value] : repository_.secrets) {
    if (!value.empty()) request.secrets.push_back(value);
  }
  if (!repository_.remote.credentials.password.empty())
    request.secrets.push_back(repository_.remote.credentials.password);
  request.environment = parts_.step_environment;
  request.environment["CI"] = "true";
  request.environment["QUIETGATE_RUN"] = to_string(state_.id);
  request.environment["QUIETGATE_REPOSITORY"] = state_.id.repository;
  request.environment["QUIETGATE_COMMIT"] = state_.commit;
  request.environment["QUIETGATE_BRANCH"] = state_.branch;
  request.environment["QUIETGATE_STAGE"] = driven.stage;
  request.environment["QUIETGATE_ATTEMPT"] = std::to_string(driven.attempt);
  for (const auto& [name, value] : request.spec.environment) request.environment[name] = value;
  request.run_started = state_.started;
  request.journal = &parts_.journal;
  request.history = &history_;
  return request;
}

Task<void> Driver::finish() {
  const auto environments = state_.environments;
  for (const auto& [environment, stage] : environments)
    co_await parts_.reaper.destroy(environment, "its run has ended", service_);
  catch_up();
  // Before the run's end is on record: nobody looks after a finished run's files.
  forget_checkout();
  append({RunFinished{state_.id, finish_->outcome, finish_->reason}});
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
  for (auto& driven : driven_) {
    if (driven->outcome) events.push_back(StageFinished{state_.id, driven->stage, driven->attempt, *driven->outcome});
  }
  driven_.clear();
  if (!events.empty()) append(std::move(events));
}

}  // namespace quietgate
