// The whole engine in memory: real journal and decisions; scripted stages, Git, clock and environments.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>

#include "runner/adapters/journal_sqlite/journal_sqlite.h"
#include "runner/engine/supervisor.h"
#include "runner/engine/watcher.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_git.h"
#include "tests/support/only_runs.h"
#include "tests/support/slow_journal.h"
#include "tests/support/specs.h"

namespace quietgate {

struct KeptLog final : StageLog {
  explicit KeptLog(std::vector<std::string>& lines) : kept(lines) {}
  void line(std::string_view text) override { kept.emplace_back(text); }
  std::vector<std::string>& kept;
};

struct FakeWorkspace final : Workspace {
  explicit FakeWorkspace(std::vector<std::string>& lines) : logged(lines) {}
  std::vector<std::string>& logged;
  std::set<RunId> checkouts;
  bool stale = false;  // something stands in the place of the next attempt's folder
  Result<std::optional<MovedAside>> clear_attempt(const AttemptId& attempt) override {
    if (!std::exchange(stale, false)) return std::optional<MovedAside>();
    return std::optional(MovedAside{"/attempts/" + attempt.stage + ".stale-1", {attempt, 1}});
  }
  Result<std::string> attempt(const RunId&, const std::string& stage, int attempt) override {
    return "/attempts/" + stage + std::to_string(attempt);
  }
  std::string checkout(const RunId&) const override { return "/checkout"; }
  std::string environments() const override { return "/environments"; }
  bool has_checkout(const RunId& run) const override { return checkouts.contains(run); }
  Result<std::string> begin_checkout(const RunId&) override { return std::string("/checkout.new"); }
  std::optional<Error> full;
  Result<void> finish_checkout(const RunId& run) override {
    if (full) return *full;
    return checkouts.insert(run), Result<void>{};
  }
  Result<void> remove_checkout(const RunId& run) override { return checkouts.erase(run), Result<void>{}; }
  std::unique_ptr<StageLog> open_log(const std::string&, std::vector<std::string>) override {
    return std::make_unique<KeptLog>(logged);
  }
};

// The pipeline "file" of a commit is the name of a plan made by the test.
struct FakeCompiler final : PipelineCompiler {
  std::map<std::string, Plan> plans;
  bool puts_back = false;  // the last plan that was asked for is of a rollback
  Task<Result<Plan>> compile(std::string text, std::string path, PlanContext context, Stop&) override {
    puts_back = context.puts_back;
    auto found = plans.find(text);
    if (found == plans.end()) co_return user_error(path + ":1:1: error: unknown plan `" + text + "`");
    auto plan = found->second;
    plan.run = context.run;
    plan.commit = context.commit;
    co_return plan;
  }
  Task<Result<PipelineTrigger>> trigger(std::string text, std::string path, Stop&) override {
    auto found = plans.find(text);
    if (found == plans.end()) co_return user_error(path + ": broken");
    PipelineTrigger trigger;
    trigger.concurrency = found->second.concurrency;
    co_return trigger;
  }
  Task<TriggerDecision> decide(TriggerRules rules, std::string branch, std::vector<std::string> changed, bool known,
                               Stop&) override {
    co_return quietgate::decide(rules, branch, changed, known);
  }
};

// A journal whose disk refuses some events.
struct BrittleJournal final : InlineJournal {
  explicit BrittleJournal(InlineJournal& under) : real(under) {}
  InlineJournal& real;
  std::string refused;  // a type, or `*`
  std::set<std::int64_t> damaged;
  bool unreadable = false;
  Result<std::int64_t> next_number(const std::string& repository) override { return real.next_number(repository); }
  Result<std::int64_t> append_now(std::vector<Event> events) override {
    for (const auto& event : events) {
      if (refused == "*" || refused == type_of(event)) return infrastructure_error("the disk is full");
    }
    for (const auto& event : events) unread = unread || unread_after == type_of(event);
    return real.append_now(std::move(events));
  }
  std::string unread_after;  // a type: what follows it can be read no more, as long as it is named here
  bool unread = false;
  Result<std::vector<Row>> read_now(std::int64_t after, std::size_t limit, std::optional<RunId> run) override {
    if (unread && unread_after.empty()) unread = false;
    if (unreadable || (unread && run)) return infrastructure_error("the disk can't be read");
    auto rows = real.read_now(after, limit, std::move(run));
    for (const auto& row : rows ? *rows : std::vector<Row>{}) {
      if (damaged.contains(row.sequence))
        return infrastructure_error("row " + std::to_string(row.sequence) + " is damaged", "run the doctor");
    }
    return rows;
  }
  std::int64_t last() const override { return real.last(); }
  Bell& bell() override { return real.bell(); }
};

// Each stage does what the test's script says, or passes. `held` stages wait until released.
struct ScriptedStage final : StageKind {
  explicit ScriptedStage(Executor executor) : bell(std::move(executor)) {}
  std::map<std::string, StageOutcome> outcomes;
  std::set<std::string> held;
  std::set<std::string> plans_environment;
  std::set<std::string> promotes;  // means to before it is held, and has when it is released
  std::vector<std::string> started;
  std::map<std::string, std::string> trees;                // by stage and attempt: where its steps run
  std::map<std::string, std::vector<std::string>> judged;  // by stage: whose outcomes it was given, and their reasons
  std::map<std::string, std::vector<std::string>> given;   // by stage: from which folders
  int running = 0;
  int most_running = 0;
  Bell bell;

  Task<StageOutcome> run(StageRequest request) override {
    const auto name = request.spec.name;
    started.push_back(name + "." + std::to_string(request.attempt) + (request.resume ? " resumed" : ""));
    trees[name + "." + std::to_string(request.attempt)] = request.checkout + ", " + request.committed();
    for (const auto& [stage, outcome] : request.finished) judged[name].push_back(stage + ": " + outcome.reason);
    for (const auto& each : request.given) given[name].push_back(each.stage + ": " + each.directory);
    struct Count {
      int& of;
      explicit Count(int& n) : of(++n) {}
      ~Count() { --of; }
    } count(running);
    most_running = std::max(most_running, running);
    if (plans_environment.contains(name)) {
      const Time expires{Milliseconds{4'000'000'000'000}};
      Event planned = EnvironmentPlanned{name + "-env", request.run, name, "fake", false, expires, {}};
      co_await append(request, std::move(planned));
    }
    const PromotionIntended intent{request.run, name, request.attempt, "production", "c0", request.commit, {},
                                   {},          false};
    if (promotes.contains(name) && !request.resume) co_await append(request, intent);
    while (held.contains(name)) co_await bell.wait(bell.rings(), *request.stop);
    const CommitPromoted moved{request.run, name, "production", "c0", request.commit};
    if (promotes.contains(name)) co_await append(request, moved);
    auto found = outcomes.find(name);
    StageOutcome outcome;
    outcome.outcome = Outcome::passed;
    co_return found == outcomes.end() ? outcome : found->second;
  }
  static Task<void> append(const StageRequest& request, Event event) {
    std::vector<Event> events;
    events.push_back(std::move(event));
    auto appended = co_await request.journal->append(std::move(events));
    (void)appended.ok();
  }
  void release(const std::string& name) {
    held.erase(name);
    bell.ring();
  }
};

// Of every owner, one step is left.
struct ScriptedEnder final : OnlyRuns {
  std::vector<std::string> ended;
  int fail_times = 0;
  Task<Result<StepExit>> run(StepSpec, Stop&) override { co_return infrastructure_error("not in this world"); }
  Result<std::vector<StepName>> steps(const StepOwner& owner) override {
    return std::vector<StepName>{{owner, "1-run"}};
  }
  Task<Result<void>> end(StepName name, Stop&) override {
    ended.push_back(to_string(name.owner));
    if (fail_times-- > 0) co_return infrastructure_error("the lock is held");
    co_return Result<void>{};
  }
};

struct ScriptedDestroyer final : EnvironmentDestroyer {
  std::vector<std::string> destroyed;
  int fail_times = 0;
  Task<Result<void>> destroy(EnvironmentSummary environment, Stop&) override {
    if (fail_times > 0) {
      --fail_times;
      co_return infrastructure_error("the state is locked");
    }
    destroyed.push_back(environment.id);
    co_return Result<void>{};
  }
};

inline StageSpec test_stage(const std::string& name, std::vector<std::string> needs = {}) {
  StageSpec spec;
  spec.name = name;
  spec.needs = std::move(needs);
  spec.body = TestSpec{};
  return spec;
}

// Says what the test tells it to, once the checkout is there.
struct ScriptedCheck final : PlanCheck {
  explicit ScriptedCheck(FakeWorkspace& of) : workspace(of) {}
  FakeWorkspace& workspace;
  std::optional<Error> refusal;
  int checked = 0;
  bool concerned = false;
  bool concerns(const Plan&) const override { return concerned; }
  Task<Result<void>> check(Plan plan, std::string, Stop&) override {
    ++checked;
    if (!workspace.checkouts.contains(plan.run)) co_return infrastructure_error("no checkout");
    if (refusal) co_return *refusal;
    co_return Result<void>{};
  }
};

struct FakeNotes final : WorkNotes {
  std::set<std::string> open;      // works
  std::vector<std::string> begun;  // in order
  std::vector<RunId> of_the_dead;  // what the service before left
  void begin(const RunId& run, const std::string& what) override {
    open.insert(to_string(run) + " " + what);
    begun.push_back(to_string(run) + " " + what);
  }
  void end(const RunId& run, const std::string& what) override { open.erase(to_string(run) + " " + what); }
  std::vector<RunId> left() override { return std::exchange(of_the_dead, {}); }
};

struct EngineWorld {
  // A journal that survives `restart` is a file; otherwise it lives in memory.
  explicit EngineWorld(int at_once = 8) : limits{at_once, {}, {}} {
    auto opened = JournalSqlite::open(":memory:", clock, io.get_executor());
    if (!opened) throw std::runtime_error(opened.error().message);
    journal = std::move(*opened);
    brittle = std::make_unique<BrittleJournal>(*journal);
    slow = std::make_unique<SlowJournal>(*brittle, io.get_executor(), journal_ticks());
    slow_catalog = std::make_unique<SlowCatalog>(journal->catalog(), io.get_executor(), journal_ticks());
    reaped = std::make_unique<SlowJournal>(*journal, io.get_executor(), journal_ticks());
    repository.remote.repository = "hello";
    git.commits["c1"] = {"", {{".quietgate.yaml", "plan"}}};
    git.remote["main"] = "c1";
  }
  ~EngineWorld() { stop_service(); }

  void start_service() {
    stop = std::make_unique<Stop>();
    slots = std::make_unique<Slots>(limits);
    reaper = std::make_unique<Reaper>(*reaped, *slow_catalog, clock, destroyer, io.get_executor(),
                                      [this](const std::string& s) { said.push_back(s); });
    parts.reset(new EngineParts{io.get_executor(),
                                *slow,
                                *slow_catalog,
                                git,
                                clock,
                                compiler,
                                workspace,
                                *reaper,
                                *slots,
                                {{"test", &stage}, {"promote", &stage}, {"verify", &stage}, {"apply", &stage}},
                                {},
                                [this](const std::string& s) { said.push_back(s); },
                                &ender,
                                &check,
                                {},
                                [this] { return "nonce-" + std::to_string(++nonces); },
                                trees});
    parts->notes = &notes;
    std::vector<Repository> configured;
    if (watches) configured.push_back(repository);
    configured.insert(configured.end(), others.begin(), others.end());
    supervisor = std::make_unique<Supervisor>(*parts, std::move(configured));
    alive = 2;
    spawn(io.get_executor(), supervisor->supervise(*stop), [this](std::exception_ptr) { --alive; });
    spawn(io.get_executor(), reaper->reap(*stop), [this](std::exception_ptr) { --alive; });
    settle();
  }
  // As SIGTERM does: the stages are left, not ended.
  void stop_service() {
    if (!supervisor) return;
    stop->request(StopReason::shutdown, "stopping");
    settle();
    if (alive != 0) throw std::runtime_error("the service did not stop");
    supervisor.reset();
    parts.reset();
    reaper.reset();
  }
  void settle() {
    io.restart();
    while (io.poll() > 0) io.restart();
  }
  void advance(Milliseconds span) {
    clock.advance(span);
    settle();
  }
  RunId request(std::int64_t number = 1) { return request(RunId{"hello", number}); }
  RunId request(const RunId& run, const std::string& commit = "c1") {
    append({RunRequested{run, "main", commit, "test"}});
    return run;
  }
  // What waits, as people read it.
  std::vector<std::string> queue() {
    std::vector<std::string> lines;
    for (const auto& each : supervisor->waiting())
      lines.push_back(to_string(each.run) + (each.stage.empty() ? "" : " " + each.stage) + " " + each.reason);
    return lines;
  }
  void append(std::vector<Event> events) {
    auto appended = journal->append_now(std::move(events));
    if (!appended) throw std::runtime_error(appended.error().message);
    settle();
  }
  RunSummary summary(std::int64_t number = 1) { return **journal->catalog().run_now({"hello", number}); }
  std::vector<std::string> types(std::int64_t number = 1) { return types(RunId{"hello", number}); }
  std::vector<std::string> types(const RunId& run) {
    std::vector<std::string> names;
    for (const auto& row : *journal->read_now(0, 1000, run)) names.emplace_back(type_of(row.event));
    return names;
  }

  boost::asio::io_context io;
  FakeClock clock{io.get_executor()};
  std::unique_ptr<JournalSqlite> journal;
  std::unique_ptr<BrittleJournal> brittle;
  std::unique_ptr<SlowJournal> slow;  // what the engine has
  std::unique_ptr<SlowCatalog> slow_catalog;
  std::unique_ptr<SlowJournal> reaped;  // what the reaper has: its disk takes everything
  FakeGit git;
  std::vector<std::string> logged;  // in logs of stages
  FakeWorkspace workspace{logged};
  FakeCompiler compiler;
  ScriptedStage stage{io.get_executor()};
  ScriptedDestroyer destroyer;
  ScriptedEnder ender;
  ScriptedCheck check{workspace};
  AttemptTrees* trees = nullptr;
  FakeNotes notes;
  Repository repository;
  Limits limits;
  std::vector<Repository> others;  // watched too
  bool watches = true;             // false: the repository is not in the configuration (any more)
  int alive = 0;
  std::vector<std::string> said;
  std::unique_ptr<Stop> stop;
  std::unique_ptr<Slots> slots;
  std::unique_ptr<Reaper> reaper;
  int nonces = 0;
  std::unique_ptr<EngineParts> parts;
  std::unique_ptr<Supervisor> supervisor;
};

}  // namespace quietgate
