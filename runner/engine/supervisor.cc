#include "runner/engine/supervisor.h"

#include <stdexcept>

#include "runner/engine/expire.h"

namespace quietgate {

namespace {

constexpr std::size_t read_batch = 256;
constexpr Milliseconds restart_after{5'000};

}  // namespace

Supervisor::Supervisor(EngineParts& parts, std::vector<Repository> repositories)
    : parts_(parts), ended_(parts.executor) {
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
    const auto seen = ended_.rings();
    if (drivers_.empty()) break;
    co_await ended_.wait(seen, never);
  }
  if (stopped) throw *stopped;
}

Task<void> Supervisor::follow(Stop& stop) {
  auto cursor = parts_.journal.last();
  if (auto started = start_unfinished(stop); !started) throw std::runtime_error(started.error().message);
  for (;;) {
    const auto seen = parts_.journal.bell().rings();
    auto tail = read_tail(parts_.journal, cursor, read_batch);
    if (!tail) {
      parts_.say(tail.error().message);
      co_await parts_.clock.sleep(restart_after, stop);
      continue;
    }
    for (const auto& row : tail->rows) on_row(row, stop);
    cursor = tail->cursor;
    if (tail->damage) over_damage(*tail->damage, stop);
    if (tail->damage || tail->rows.size() == read_batch) continue;
    co_await parts_.journal.bell().wait(seen, stop);
  }
}

Result<void> Supervisor::start_unfinished(Stop& stop) {
  auto unfinished = parts_.catalog.unfinished_runs();
  if (!unfinished) return unfinished.error();
  for (const auto& run : *unfinished) start(run.id, stop);
  return {};
}

// What the row was about is not known: everybody looks for himself.
void Supervisor::over_damage(const Error& damage, Stop& stop) {
  parts_.say(damage.message + "; it was stepped over, and other runs go on" +
             (damage.advice.empty() ? "" : ": " + damage.advice));
  for (auto& [id, driver] : drivers_) driver->poke();
  if (auto started = start_unfinished(stop); !started) parts_.say(started.error().message);
}

void Supervisor::on_row(const Row& row, Stop& stop) {
  const auto run = run_of(row.event);
  if (run.number == 0) return;
  const bool opens =
      std::holds_alternative<RunRequested>(row.event) || std::holds_alternative<PromotionRequested>(row.event);
  if (std::holds_alternative<RunFinished>(row.event)) {
    for (auto& [id, driver] : drivers_) driver->poke();  // one of them may have waited for this run's end
  } else if (auto found = drivers_.find(run); found != drivers_.end()) {
    found->second->poke();
  } else if (opens) {
    start(run, stop);
  }
}

void Supervisor::start(const RunId& run, Stop& stop) {
  if (drivers_.contains(run) || stop.requested()) return;
  auto repository = repositories_.find(run.repository);
  if (repository == repositories_.end()) {
    Repository removed;
    removed.remote.repository = run.repository;
    removed.removed = true;
    repository = repositories_.emplace(run.repository, std::move(removed)).first;
  }
  if (repository->second.removed) {
    parts_.say("run " + to_string(run) + " waits: repository " + run.repository +
               " is not in the configuration any more; put it back, or end the run: quietgate cancel " +
               to_string(run));
  }
  auto& driver = drivers_[run];
  driver = std::make_unique<Driver>(parts_, repository->second, run, stop);
  spawn(parts_.executor, driver->drive(), [this, run, &stop](std::exception_ptr error) { ended(run, error, stop); });
}

void Supervisor::ended(const RunId& run, std::exception_ptr error, Stop& stop) {
  drivers_.erase(run);
  ended_.ring();
  if (stop.requested()) return;
  if (error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& reason) {
      parts_.say("run " + to_string(run) + " is taken up again in " + human_duration(restart_after) + ": " +
                 reason.what());
    }
    auto again = std::make_shared<Stop>(stop);
    expire_after(parts_.executor, parts_.clock, restart_after, again, [this, run, &stop] { start(run, stop); });
    return;
  }
  // A person may have reopened it while its driver was ending.
  auto summary = parts_.catalog.run(run);
  if (summary && summary->has_value() && (*summary)->status != "finished") start(run, stop);
}

}  // namespace quietgate
