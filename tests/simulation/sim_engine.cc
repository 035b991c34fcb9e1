#include "tests/simulation/sim_engine.h"

#include <filesystem>

#include "tests/support/specs.h"

namespace quietgate {

namespace {

struct TracedLog final : StageLog {
  TracedLog(World& w, std::string of) : world(w), name(std::move(of)) {}
  void line(std::string_view text) override { world.trace("log", "{}: {}", name, text); }
  World& world;
  std::string name;
};

Error full(const char* what) {
  return infrastructure_error(std::string(what) + ": No space left on device");
}

}  // namespace

WorldJournal::WorldJournal(World& world, SimDisk& disk, const Clock& clock, Executor executor)
    : SimJournal(disk, clock, std::move(executor)), world_(world) {}

std::vector<Event> WorldJournal::spoiled(std::vector<Event> events) {
  auto drop = [&events](auto is) { std::erase_if(events, is); };
  switch (world_.planted) {
    case Planted::forgotten_finish:
      if (world_.dice.chance(0.2)) drop([](const Event& e) { return std::holds_alternative<StageFinished>(e); });
      break;
    case Planted::swallowed_intent:
      drop([](const Event& e) { return std::holds_alternative<PromotionIntended>(e); });
      break;
    case Planted::unsealed_promotion:
      drop([](const Event& e) { return std::holds_alternative<EvidenceSealed>(e); });
      break;
    case Planted::cut_release:
      for (auto& event : events) {
        if (auto* cancel = std::get_if<CancelRequested>(&event)) cancel->superseded_by = {};
      }
      break;
    case Planted::silent_release:
      for (auto& event : events) {
        if (auto* finished = std::get_if<RunFinished>(&event))
          finished->reason = finished->reason.substr(0, finished->reason.find(';'));
      }
      break;
    case Planted::unasked_run:
      if (events.size() > 1 && std::holds_alternative<RefMoved>(events.front()))
        drop([](const Event& e) { return std::holds_alternative<RunRequested>(e); });
      break;
    case Planted::second_finish:
      if (events.size() == 1 && std::holds_alternative<StageFinished>(events.front())) {
        auto again = std::get<StageFinished>(events.front());
        again.outcome.outcome = Outcome::error;
        events.emplace_back(again);
      }
      break;
    default:
      break;
  }
  return events;
}

Result<std::int64_t> WorldJournal::append_now(std::vector<Event> events) {
  world_.throw_if_crashed();
  if (world_.disk_full) return full("the journal can't be written");
  if (world_.fault(world_.faults.crash_before_commit)) world_.crash("before a commit");
  const bool dies = world_.fault(world_.faults.crash_after_commit);
  if (dies && world_.planted == Planted::torn_append && events.size() > 1) events.resize(1);
  auto appended = SimJournal::append_now(spoiled(std::move(events)));
  if (dies) world_.crash("after a commit");
  return appended;
}

Result<std::vector<Row>> WorldJournal::read_now(std::int64_t after, std::size_t limit, std::optional<RunId> run) {
  world_.throw_if_crashed();
  if (world_.fault(world_.faults.read_fails)) return infrastructure_error("the journal can't be read: I/O error");
  const bool all = !run;
  auto rows = SimJournal::read_now(after, limit, std::move(run));
  if (rows && all && world_.planted == Planted::impatient_turn) {
    for (auto& row : *rows) {
      if (auto* asked = std::get_if<RunRequested>(&row.event)) asked->branch += std::to_string(asked->run.number);
    }
  }
  if (rows && world_.planted == Planted::changed_row) {
    for (auto& row : *rows) {
      auto* finished = std::get_if<StageFinished>(&row.event);
      if (finished != nullptr && world_.dice.chance(0.1)) finished->outcome.reason = "as nobody wrote";
    }
  }
  return rows;
}

Result<std::vector<RunSummary>> WorldJournal::unfinished_runs_now() {
  if (world_.planted == Planted::idle_supervisor && asked_++ == 0) return std::vector<RunSummary>{};
  auto runs = SimJournal::unfinished_runs_now();
  if (runs && world_.planted == Planted::impatient_turn) {
    for (auto& run : *runs) run.branch += std::to_string(run.id.number);
  }
  return runs;
}

WorldWorkspace::WorldWorkspace(World& world, const std::string& data)
    : world_(world), files_(data, [&world, data](const std::string& path, std::vector<std::string>) {
        return std::make_unique<TracedLog>(world, path.substr(data.size() + 6, path.size() - data.size() - 10));
      }) {}

std::optional<Error> WorldWorkspace::trouble(const char* what) {
  world_.throw_if_crashed();
  if (!world_.disk_full && !world_.fault(world_.faults.workspace_fails)) return std::nullopt;
  world_.trace("workspace", "{} fails", what);
  return full(what);
}

Result<std::string> WorldWorkspace::attempt(const RunId& run, const std::string& stage, int attempt) {
  // A folder that is there needs no space.
  const auto path = files_.checkout(run) + "/../" + stage + "." + std::to_string(attempt);
  const bool there = std::filesystem::exists(std::filesystem::path(path).lexically_normal());
  if (auto error = there ? std::nullopt : trouble("can't make the attempt's folder")) return *error;
  return files_.attempt(run, stage, attempt);
}
Result<std::string> WorldWorkspace::begin_checkout(const RunId& run) {
  if (auto error = trouble("can't begin the checkout")) return *error;
  return files_.begin_checkout(run);
}
Result<void> WorldWorkspace::finish_checkout(const RunId& run) {
  if (auto error = trouble("can't put the checkout in place")) return *error;
  return files_.finish_checkout(run);
}
Result<void> WorldWorkspace::remove_checkout(const RunId& run) {
  world_.throw_if_crashed();
  if (world_.planted == Planted::forgotten_checkout) return {};
  return files_.remove_checkout(run);
}
std::unique_ptr<StageLog> WorldWorkspace::open_log(const std::string& attempt_directory,
                                                   std::vector<std::string> secrets) {
  return files_.open_log(attempt_directory, std::move(secrets));
}

Task<Result<void>> WorldDestroyer::destroy(EnvironmentSummary environment, Stop& stop) {
  world_.trace("destroyer", "{}", environment.id);
  co_await clock_.sleep(world_.dice.span(Milliseconds(10), Milliseconds(5'000)), stop);
  if (world_.planted == Planted::lazy_destroyer) co_return Result<void>{};
  if (world_.fault(world_.faults.destroy_fails)) co_return infrastructure_error("the state is locked");
  auto destroyed = co_await real_.destroy(environment, stop);
  if (destroyed && world_.fault(world_.faults.destroy_fails)) co_return infrastructure_error("timed out");
  co_return destroyed;
}

Task<StageOutcome> ObservedStage::run(StageRequest request) {
  if (traits_of(request.spec).promotes) {
    auto promote = spec_of<PromoteSpec>(request.spec.body);
    if (world_.planted == Planted::skipped_gate) promote.gate.reset();
    if (world_.planted == Planted::skipped_approval) promote.approval = Approval::none;
    request.spec.body = promote;
    if (world_.planted == Planted::wrong_commit) {
      const auto& branches = remotes_.at(request.run.repository).branches;
      if (auto head = branches.find(request.branch); head != branches.end()) request.commit = head->second;
    }
  }
  auto performance = invariants_.performs(request);
  co_return co_await real_.run(std::move(request));
}

}  // namespace quietgate
