#include "runner/engine/supervisor.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "runner/engine/expire.h"
#include "runner/ports/folded_run.h"

namespace quietgate {

namespace {

constexpr std::size_t follow_batch = 256;
constexpr Milliseconds restart_after{5'000};

// Before any driver reads its rows: by the count of these it gives its run up.
Task<void> tell_interrupted(EngineParts& parts, std::vector<RunSummary> unfinished) {
  if (parts.notes == nullptr) co_return;
  const auto left = parts.notes->left();
  for (const auto& run : unfinished) {
    if (std::find(left.begin(), left.end(), run.id) == left.end()) continue;
    parts.say("run " + to_string(run.id) + ": quietgate died while it worked on this run");
    std::vector<Event> events{RunInterrupted{run.id}};
    auto told = co_await parts.journal.append(std::move(events));
    if (!told) parts.say(told.error().message);
  }
}

}  // namespace

Supervisor::Supervisor(EngineParts& parts, std::vector<Repository> repositories)
    : parts_(parts), decisions_(parts.executor), ended_(parts.executor) {
  for (auto& repository : repositories) {
    auto name = repository.remote.repository;
    repositories_.emplace(std::move(name), std::move(repository));
  }
}

Task<void> Supervisor::supervise(Stop& stop) {
  std::optional<Stopped> stopped;
  try {
    co_await follow(stop);
  } catch (const Stopped& s) {
    stopped = s;
  }
  Stop never;
  for (;;) {
    co_await decisions_.idle();
    const auto seen = ended_.rings();
    if (drivers_.empty()) break;
    co_await ended_.wait(seen, never);
  }
  if (stopped) throw *stopped;
}

// All that is held is held before the first driver begins: none can give away what another one's stage still uses.
Task<void> Supervisor::take_up(Stop& stop) {
  const auto alone = co_await decisions_.lock();
  // In this order: what lives of a run that is reopened meanwhile is held, or its driver is made.
  auto environments = co_await parts_.catalog.environments();
  if (!environments) throw std::runtime_error(environments.error().message);
  auto unfinished = co_await parts_.catalog.unfinished_runs();
  if (!unfinished) throw std::runtime_error(unfinished.error().message);
  for (const auto& run : *unfinished) order_.arrive(run.id, run.branch);
  co_await tell_interrupted(parts_, *unfinished);
  std::vector<std::pair<RunId, Driver*>> made;
  for (const auto& run : *unfinished) {
    auto* driver = co_await make(run.id, stop);
    made.emplace_back(run.id, driver);
  }
  for (const auto& environment : *environments) {
    if (!environment.keep && !drivers_.contains(environment.run)) co_await hold_for(environment.run, stop);
  }
  for (const auto& [run, driver] : made) {
    if (driver != nullptr) launch(run, *driver, stop);
  }
}

// An ended run's environment may live on because it could not be destroyed: its lock is not free before.
Task<void> Supervisor::hold_for(RunId ended, Stop& stop) {
  const auto folded = co_await fold_run(parts_.journal, ended);
  if (!folded) {
    parts_.say("run " + to_string(ended) + ": " + folded.error().message);
    if (!held_.contains(ended)) held_[ended].push_back(parts_.slots.hold_every_lock(ended));
    auto again = std::make_shared<Stop>(stop);
    auto look = [this, ended, &stop] { decisions_.begin([this, ended, &stop] { return hold_again(ended, stop); }); };
    expire_after(parts_.executor, parts_.clock, restart_after, again, look);
    co_return;
  }
  const auto& state = *folded;
  if (state.status != RunStatus::finished) {
    // Reopened just now: its next driver takes it up, and nobody what it has before.
    if (!held_.contains(ended)) held_[ended].push_back(parts_.slots.hold_every_lock(ended));
    co_return;
  }
  std::vector<Slots::Claim> claims;
  for (const auto& lock : kept_locks(state))
    claims.push_back(parts_.slots.keep({ended, {}, false, lock, true, {}, state.finished}));
  auto before = std::exchange(held_[ended], std::move(claims));
  if (held_[ended].empty()) held_.erase(ended);
}

void Supervisor::wake(const std::optional<RunId>& run) {
  if (!run) return;
  if (auto found = drivers_.find(*run); found != drivers_.end()) found->second->poke();
}

std::vector<Waiting> Supervisor::waiting() {
  auto all = parts_.slots.waiting();
  for (const auto& [branch, runs] : order_.queues()) {
    int position = 0;
    RunId before{branch.first, 0};
    for (const auto number : runs) {
      const RunId run{branch.first, number};
      auto found = drivers_.find(run);
      if (found != drivers_.end() && found->second->waits_for_turn()) {
        Waiting waiting{run, {}, *found->second->waits_for_turn(), Waiting::For::branch, {}, {}, position, {}};
        waiting.reason = "waits for run " + to_string(before) + ", which is ahead of it on " + branch.second;
        if (auto first = drivers_.find(before); first != drivers_.end() && first->second->state().releases)
          waiting.reason += " and is releasing";
        all.push_back(std::move(waiting));
      }
      before = run;
      ++position;
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Waiting& a, const Waiting& b) { return a.since < b.since; });
  return all;
}

bool Supervisor::waits(const RunId& run) {
  if (parts_.slots.waits(run)) return true;
  auto found = drivers_.find(run);
  return found != drivers_.end() && found->second->waits_for_turn();
}

bool Supervisor::asks(const RunId& run) {
  auto found = drivers_.find(run);
  return found == drivers_.end() || found->second->state().asking > 0;
}

Task<void> Supervisor::hold_again(RunId ended, Stop& stop) {
  if (held_.contains(ended) && !drivers_.contains(ended)) co_await hold_for(std::move(ended), stop);
}

Task<void> Supervisor::follow(Stop& stop) {
  auto cursor = parts_.journal.last();
  co_await take_up(stop);
  for (;;) {
    const auto seen = parts_.journal.bell().rings();
    auto tail = co_await read_tail(parts_.journal, cursor, follow_batch);
    if (!tail) {
      parts_.say(tail.error().message);
      co_await parts_.clock.sleep(restart_after, stop);
      continue;
    }
    for (auto& row : tail->rows) co_await on_row(std::move(row), stop);
    cursor = tail->cursor;
    if (tail->damage) co_await over_damage(*tail->damage, stop);
    if (tail->damage || tail->rows.size() == follow_batch) continue;
    co_await parts_.journal.bell().wait(seen, stop);
  }
}

Task<Result<void>> Supervisor::start_unfinished(Stop& stop) {
  auto unfinished = co_await parts_.catalog.unfinished_runs();
  if (!unfinished) co_return unfinished.error();
  std::set<RunId> open;
  for (const auto& run : *unfinished) {
    open.insert(run.id);
    order_.arrive(run.id, run.branch);
  }
  for (const auto& run : order_.runs()) {
    if (!open.contains(run)) wake(order_.leave(run));
  }
  for (const auto& run : *unfinished) co_await start(run.id, stop);
  co_return Result<void>{};
}

// What the row was about is not known: everybody looks for himself.
Task<void> Supervisor::over_damage(Error damage, Stop& stop) {
  const auto alone = co_await decisions_.lock();
  parts_.say(damage.message + "; quietgate skipped it, and other runs continue" +
             (damage.advice.empty() ? "" : ": " + damage.advice));
  for (auto& [id, driver] : drivers_) driver->poke();
  auto started = co_await start_unfinished(stop);
  if (!started) parts_.say(started.error().message);
  std::vector<RunId> holders;
  for (const auto& [run, claims] : held_) holders.push_back(run);
  for (const auto& run : holders) {
    if (!drivers_.contains(run)) co_await hold_for(run, stop);
  }
}

Task<void> Supervisor::on_row(Row row, Stop& stop) {
  const auto run = run_of(row.event);
  if (run.number == 0) co_return;
  const bool opens =
      std::holds_alternative<RunRequested>(row.event) || std::holds_alternative<PromotionRequested>(row.event);
  if (const auto* asked = std::get_if<RunRequested>(&row.event)) order_.arrive(run, asked->branch);
  if (std::holds_alternative<RunFinished>(row.event)) wake(order_.leave(run));
  if (auto found = drivers_.find(run); found != drivers_.end()) {
    found->second->poke();
  } else if (opens) {
    const auto alone = co_await decisions_.lock();
    co_await start_again(run, stop);
  } else if (std::holds_alternative<EnvironmentDestroyed>(row.event)) {
    const auto alone = co_await decisions_.lock();
    co_await hold_again(run, stop);
  }
}

// One that was asked for, or that a person has reopened: it is before later ones again.
Task<void> Supervisor::start_again(RunId run, Stop& stop) {
  auto summary = co_await parts_.catalog.run(run);
  if (summary && summary->has_value() && (*summary)->status != RunStatus::finished)
    order_.arrive(run, (*summary)->branch);
  co_await start(std::move(run), stop);
}

Task<Driver*> Supervisor::make(RunId run, Stop& stop) {
  if (drivers_.contains(run) || stop.requested()) co_return nullptr;
  auto repository = repositories_.find(run.repository);
  if (repository == repositories_.end()) {
    Repository removed;
    removed.remote.repository = run.repository;
    removed.removed = true;
    repository = repositories_.emplace(run.repository, std::move(removed)).first;
  }
  if (repository->second.removed) {
    parts_.say("run " + to_string(run) + " waits: repository " + run.repository +
               " is no longer in the configuration; add it again, or end the run: quietgate cancel " + to_string(run));
  }
  auto& driver = drivers_[run];
  driver = std::make_unique<Driver>(parts_, order_, repository->second, run, stop);
  try {
    co_await driver->take_up();
    held_.erase(run);
    co_return driver.get();
  } catch (const std::exception& reason) {
    drivers_.erase(run);
    if (!held_.contains(run)) held_[run].push_back(parts_.slots.hold_every_lock(run));
    again_later(run, reason.what(), stop);
    co_return nullptr;
  }
}

void Supervisor::again_later(const RunId& run, const std::string& reason, Stop& stop) {
  parts_.say("run " + to_string(run) + " is resumed in " + human_duration(restart_after) + ": " + reason);
  auto again = std::make_shared<Stop>(stop);
  expire_after(parts_.executor, parts_.clock, restart_after, again,
               [this, run, &stop] { decisions_.begin([this, run, &stop] { return start(run, stop); }); });
}

void Supervisor::launch(const RunId& run, Driver& driver, Stop& stop) {
  spawn(parts_.executor, driver.drive(), [this, run, &stop](std::exception_ptr error) { ended(run, error, stop); });
}

Task<void> Supervisor::start(RunId run, Stop& stop) {
  wake(run);  // it may have got a driver meanwhile, which has read what there was then
  auto* driver = co_await make(run, stop);
  if (driver != nullptr) launch(run, *driver, stop);
}

void Supervisor::ended(const RunId& run, std::exception_ptr error, Stop& stop) {
  const auto driver = std::move(drivers_.at(run));
  drivers_.erase(run);
  ended_.ring();
  if (stop.requested()) return;
  auto left = driver->hand_over();
  for (auto& claim : left) held_[run].push_back(std::move(claim));
  if (error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& reason) {
      again_later(run, reason.what(), stop);
    }
    return;
  }
  decisions_.begin([this, run, &stop] { return look_after(run, stop); });
}

// A person may have reopened it while its driver was ending.
Task<void> Supervisor::look_after(RunId ended, Stop& stop) {
  if (drivers_.contains(ended) || stop.requested()) co_return;
  auto summary = co_await parts_.catalog.run(ended);
  if (summary && summary->has_value() && (*summary)->status != RunStatus::finished) {
    order_.arrive(ended, (*summary)->branch);
    co_await start(std::move(ended), stop);
  } else {
    co_await hold_again(std::move(ended), stop);
  }
}

}  // namespace quietgate
