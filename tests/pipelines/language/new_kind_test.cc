// The recipes of CONTRIBUTING for a stage kind and a provisioner: each is its own folder and one line of a list, and
// files, plans, the journal and the engine take it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipelines/language/compiler.h"
#include "pipelines/language/print.h"
#include "runner/model/event.h"
#include "runner/model/rollback.h"
#include "runner/model/stage_templates.h"
#include "stages/apply/apply.h"
#include "stages/apply/apply_kind.h"
#include "stages/environments/environments.h"
#include "stages/gate/firing_needs.h"
#include "stages/gate/rule_watch.h"
#include "stages/kinds.h"
#include "tests/pipelines/language/cases.h"
#include "tests/runner/engine/engine_world.h"
#include "tests/support/fake_steps.h"
#include "tests/support/inline_disk.h"
#include "tests/support/no_residents.h"
#include "tests/support/stage_bench.h"
#include "tests/support/toy_kind/toy_kind.h"
#include "tests/support/toy_kind/toy_provisioner.h"

namespace quietgate {
namespace {

struct NoHttp final : Http {
  Task<Result<HttpResponse>> send(HttpRequest, Stop&) override { co_return infrastructure_error("refused"); }
};

const Provisioners& with_sandbox() {
  static const Provisioners all{provisioners()[0], provisioners()[1], sandbox_provisioner()};
  return all;
}

// As stages/kinds.cc has them, and one more.
StageKinds with_toy() {
  StageKinds kinds;
  for (const auto& kind : stage_kinds()) kinds.push_back(kind.name == "apply" ? apply_kind(with_sandbox()) : kind);
  kinds.push_back(toy_kind());
  return kinds;
}

struct NewKind : ::testing::Test {
  StageKinds kinds = with_toy();
  Compilation compile(const std::string& stages) {
    return compile_pipeline("version: 1\nstages:\n" + stages, "p.yaml", some_commit(), kinds);
  }
  Plan plan(const std::string& stages) {
    auto compilation = compile(stages);
    EXPECT_TRUE(compilation.plan) << compilation.printed;
    return compilation.plan.value_or(Plan{});
  }
};

const std::string greeting = "  greet: {toy: {says: 'hi ${{ commit.short_sha }} ${{ run.number }}', for: 5s}}\n";

TEST_F(NewKind, IsReadPrintedAndChecked) {
  EXPECT_EQ(describe(*plan(greeting).find("greet"), kinds), "says hi 0123456 3; 5s");
  EXPECT_EQ(compile("  greet: {toy: {say: x}}\n").diagnostics.size(), 2u);
  EXPECT_EQ(compile("  greet: {}\n").diagnostics.at(0).expected,
            "one of test, apply, load, verify, promote, approve, fault, toy");
  EXPECT_FALSE(compile("  greet: {toy: {says: '${{ ports.web }}'}}\n").plan) << "only known inside an apply";
  EXPECT_FALSE(compile_pipeline("version: 1\nstages:\n" + greeting, "p.yaml", some_commit(), stage_kinds()).plan);
}

TEST_F(NewKind, GoesThroughTheJournal) {
  const auto whole = plan(greeting);
  const Event event = PlanCompiled{{"hello", 3}, whole};
  const auto again = event_from_json(type_of(event), to_json(event));
  ASSERT_TRUE(again);
  EXPECT_EQ(*std::get<PlanCompiled>(*again).plan, whole);
  EXPECT_STREQ(kind_of(whole.find("greet")->body), "toy");
}

TEST_F(NewKind, TraitsOfItsDescriptorDecide) {
  const auto traits = traits_of(*plan(greeting).find("greet"));
  EXPECT_FALSE(traits.takes_slot);
  EXPECT_TRUE(traits.tests);
  const auto late = compile(greeting + "  live: {promote: {branch: production}}\n");
  EXPECT_EQ(late.diagnostics.at(0).message, "stage `live` needs nothing: it promotes at once, beside greet");
}

TEST_F(NewKind, RunsInTheEngineWithItsTextsResolved) {
  EngineWorld world;
  world.compiler.plans["plan"] = plan(
      "  unit: {test: {run: x}}\n"
      "  greet: {needs: [unit], toy: {says: '\"${{ stages.unit.outcome }}\" ${{ commit.message }}', for: 5s}}\n");
  world.start_service();
  ToyStage stage(world.clock);
  world.parts->kinds["toy"] = &stage;
  world.request();
  world.advance(Milliseconds{5'000});
  EXPECT_EQ(world.summary().outcome, Outcome::passed);
  RunState state;
  for (const auto& row : *world.journal->read_now(0, 1000, RunId{"hello", 1})) fold(state, row.event, row.at);
  EXPECT_EQ(state.stages.at("greet").outcome.reason, "said \"passed\" Greet ${{ secrets.TOKEN }} $(rm -rf /)");
}

// A file may mention what it gives, and is told what it does not.
TEST_F(NewKind, GivesOutputs) {
  EngineWorld world;
  world.compiler.plans["plan"] =
      plan(greeting + "  again: {needs: [greet], toy: {says: 'again ${{ stages.greet.outputs.said }}'}}\n");
  world.start_service();
  ToyStage stage(world.clock);
  world.parts->kinds["toy"] = &stage;
  world.request();
  world.advance(Milliseconds{5'000});
  world.advance(Milliseconds{1'000});
  RunState state;
  for (const auto& row : *world.journal->read_now(0, 1000, RunId{"hello", 1})) fold(state, row.event, row.at);
  EXPECT_EQ(state.stages.at("again").outcome.reason, "said again hi 0123456 3");
  const auto wrong =
      compile(greeting + "  again: {needs: [greet], toy: {says: 'again ${{ stages.greet.outputs.sadi }}'}}\n");
  EXPECT_EQ(wrong.diagnostics.at(0).message, "stage `greet` has no output `sadi`");
  EXPECT_EQ(wrong.diagnostics.at(0).expected, "one of said");
  const auto none =
      compile("  unit: {test: {run: x}}\n  see: {needs: [unit], toy: {says: '${{ stages.unit.outputs.x }}'}}\n");
  EXPECT_EQ(none.diagnostics.at(0).expected, "a stage of kind apply or toy");
}

const std::string gated =
    "  hold: {matrix: {users: [5, 10]}, verify: {prometheus: 'http://p', last: 1m, "
    "checks: [{name: 'a ${{ b }}', query: x, expect: '> 1'}]}}\n"
    "  live:\n"
    "    needs: [hold]\n"
    "    toy:\n"
    "      says: moved\n"
    "      branch: production\n"
    "      gate: {prometheus: '${{ stages.hold.5.outcome }}', rules: [a.yml], during: [hold], quiet_for: 20s,\n"
    "             waive: {P10: 'not ${{ raised }} here'}}\n";

// Everybody who asks for a gate finds it: its stages, its server, its rules.
TEST_F(NewKind, CarriesAGate) {
  const auto whole = plan(gated);
  const auto& live = *whole.find("live");
  ASSERT_NE(gate_of(live), nullptr);
  EXPECT_THAT(judges(live), ::testing::ElementsAre("hold.5", "hold.10")) << "with its matrix";
  EXPECT_EQ(widest_window(whole, "live", *gate_of(live)).sum, "the run's timeout 1h + quiet_for 20s");
  EXPECT_EQ(*plan_from_json(to_json(whole)), whole);
  const auto resolved =
      resolve(live, [](const std::string&) -> std::optional<std::string> { return std::string("http://here"); });
  ASSERT_TRUE(resolved) << resolved.error().message;
  EXPECT_EQ(gate_of(*resolved)->waivers.at("P10"), "not ${{ raised }} here") << "a reason is no template";
  StageBench bench;
  auto request = bench.request(resolved->body, "live");
  EXPECT_EQ(servers_to_watch(request).own, "http://here");
  EXPECT_EQ(spec_of<ToySpec>(request.spec.body).gate->prometheus, "http://here");
}

// By the spec that its kind gave for it, which says nothing of gates.
TEST_F(NewKind, IsPutBackByARollback) {
  const auto whole = plan_from_json(to_json(plan(gated)));
  ASSERT_TRUE(whole);
  const auto back = rollback_plan(*whole, {{"hello", 4}, "production", std::string(40, 'b'), "", ""});
  ASSERT_TRUE(back) << back.error().message;
  ASSERT_EQ(back->stages.size(), 1u);
  const auto spec = spec_of<ToySpec>(back->stages[0].body);
  EXPECT_EQ(spec.says, "went back");
  EXPECT_EQ(spec.branch, "production");
  EXPECT_EQ(spec.back_from, std::string(40, 'b'));
  EXPECT_EQ(gate_of(back->stages[0]), nullptr);
  EXPECT_EQ(*plan_from_json(to_json(*back)), *back);
}

TEST_F(NewKind, AProvisionerIsReadPrintedAndKept) {
  const auto whole = plan(
      "  box: {apply: {sandbox: {file: '${{ apply.id }}'}}}\n"
      "  see: {needs: [box], approve: {message: '${{ stages.box.outputs.file }}'}}\n");
  EXPECT_EQ(describe(*whole.find("box"), kinds), "sandbox ${{ apply.id }}; lives 1h");
  const auto again = plan_from_json(to_json(whole));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, whole);
  EXPECT_EQ(compile("  box: {apply: {}}\n").diagnostics.at(0).expected, "one of processes, terraform, sandbox");
}

TEST_F(NewKind, AProvisionerMakesAndDestroysItsEnvironment) {
  StageBench bench;
  FakeSteps steps;
  NoResidents residents;
  NoHttp http;
  FakeGit git;
  git.write_checkouts = true;
  git.commits[std::string(40, 'a')] = {{}, {{"run.sh", "#!/bin/sh\n"}}};
  InlineDisk disk;
  ApplyStage stage{steps, http, git, bench.clock, nullptr, &disk, with_sandbox()};
  Environments environments{steps, residents, http, bench.clock, bench.root + "/environments", &disk, with_sandbox()};
  const auto spec = plan("  box: {apply: {sandbox: {file: 'of-${{ apply.id }}'}}}\n").stages[0].body;
  const auto outcome = bench.await(stage.run(bench.request(spec, "box")));
  ASSERT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  const auto folder = bench.root + "/environments/sample-7-box";
  EXPECT_EQ(outcome.outputs.at("file"), folder + "/data/of-sample-7-box");
  EXPECT_TRUE(std::filesystem::exists(folder + "/data/of-sample-7-box"));
  EXPECT_EQ(load_environment({folder})->own, R"({"file":"of-sample-7-box"})");
  EnvironmentSummary summary;
  summary.id = "sample-7-box";
  const auto destroyed = bench.await(environments.destroy(summary, bench.stop));
  EXPECT_TRUE(destroyed) << destroyed.error().message;
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace quietgate
