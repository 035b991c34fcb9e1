// The service: everything that is gone when it is killed. Composed of the product's own parts as the composition root
// does it, over simulated ports.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "pipelines/language/compiler.h"
#include "runner/api/api.h"
#include "runner/engine/supervisor.h"
#include "runner/engine/upkeep/publisher.h"
#include "runner/engine/watcher.h"
#include "stages/apply/apply.h"
#include "stages/approve/approve.h"
#include "stages/environments/environments.h"
#include "stages/kinds.h"
#include "stages/promote/promote.h"
#include "stages/test/test.h"
#include "stages/verify/verify.h"
#include "tests/simulation/sim_engine.h"
#include "tests/simulation/sim_git.h"
#include "tests/simulation/sim_metrics.h"
#include "tests/support/fake_attempt_store.h"
#include "tests/support/inline_disk.h"
#include "tests/support/no_residents.h"
#include "tests/support/slow_journal.h"

namespace quietgate {

// What every service of one simulation lives on. All outlives the services.
struct Surroundings {
  World& world;
  SimDisk& disk;
  SimMachine& machine;
  std::map<std::string, SimRemote>& remotes;
  SimMetrics& metrics;
  Invariants& invariants;
  std::string data;
  Limits limits;
  std::vector<Repository> repositories;
};

// An envelope that says what it seals.
class PlainSealer final : public Sealer {
 public:
  std::string seal(std::string_view statement) const override { return "sealed " + std::string(statement); }
};

// The language without threads: nothing happens beside the simulated time.
class InlineCompiler final : public PipelineCompiler {
 public:
  Task<Result<Plan>> compile(std::string text, std::string path, PlanContext context, Stop&) override {
    auto compiled = language_.compile(text, path, context, {});
    if (!compiled) co_return compiled.error();
    co_return std::move(compiled->plan);
  }
  Task<Result<PipelineTrigger>> trigger(std::string text, std::string path, Stop&) override {
    co_return language_.trigger(text, path, {});
  }
  Task<TriggerDecision> decide(TriggerRules rules, std::string branch, std::vector<std::string> changed, bool known,
                               Stop&) override {
    co_return quietgate::decide(rules, branch, changed, known);
  }

 private:
  YamlPipelineLanguage language_{stage_kinds()};
};

class Service {
 public:
  explicit Service(Surroundings& around);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Runs one handler. False: nothing can be done before the time moves on.
  bool poll_one();
  // As SIGTERM.
  void stop() { stop_.request(StopReason::shutdown, "SIGTERM"); }
  bool stopping() const { return stop_.requested(); }
  bool over() const { return loops_ == 0; }
  // What people ask over HTTP; the status of the answer.
  int ask(const std::string& method, const std::string& target, const std::string& body = {});

 private:
  void add(const char* name, Task<void> loop);

  Surroundings& around_;
  std::unique_ptr<boost::asio::io_context> io_;
  Stop stop_;
  SimClock clock_;
  WorldJournal journal_;
  SlowJournal slow_;
  SlowCatalog slow_catalog_;
  SimGit git_;
  SimHttp http_;
  SimSteps steps_;
  NoResidents residents_;
  InlineCompiler compiler_;
  WorldWorkspace workspace_;
  InlineDisk at_once_;
  TestStage test_;
  ApplyStage apply_;
  VerifyStage verify_;
  PlainSealer sealer_;
  PromoteStage promote_;
  ApproveStage approve_{clock_};
  Environments environments_;
  std::vector<std::unique_ptr<ObservedStage>> watched_;
  WorldDestroyer destroyer_;
  Slots slots_;
  Reaper reaper_;
  EngineParts parts_;
  Supervisor supervisor_;
  Publisher publisher_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  FakeAttemptStore attempts_;
  Api api_;
  int loops_ = 0;
};

}  // namespace quietgate
