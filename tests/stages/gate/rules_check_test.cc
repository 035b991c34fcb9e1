#include "stages/gate/rules_check.h"

#include <gmock/gmock.h>

#include <limits>

#include "stages/gate/firing_needs.h"
#include "tests/support/fake_steps.h"
#include "tests/support/specs.h"
#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

StageSpec stage_of(const std::string& name, StageBody body) {
  StageSpec stage;
  stage.name = name;
  stage.body = std::move(body);
  return stage;
}

// load for 45 s, metrics over the same time, and the gate 20 s longer.
Plan plan_of() {
  Plan plan;
  plan.run = {"sample", 7};
  LoadSpec load;
  load.duration = Milliseconds{45'000};
  VerifySpec metrics;
  metrics.during = "load";
  PromoteSpec promote;
  promote.branch = "production";
  promote.gate = GateSpec{"http://p", {"alerts/*.rules.yml"}, {"load", "metrics"}, Milliseconds{20'000}, {}};
  plan.stages = {stage_of("load", load), stage_of("metrics", metrics), stage_of("production", promote)};
  return plan;
}
const GateSpec& gate_of(const Plan& plan) {
  return *plan.stages[2].body.gate();
}
void change_gate(Plan& plan, const std::function<void(GateSpec& gate)>& change) {
  auto promote = spec_of<PromoteSpec>(plan.stages[2].body);
  change(*promote.gate);
  plan.stages[2].body = promote;
}

std::vector<std::string> problems(const Plan& plan, const std::string& rules) {
  auto read = read_rules_file("a.yml", "groups:\n- name: g\n  interval: 15s\n  rules:\n" + rules);
  if (!read) return {read.error().message};
  return firing_problems(plan, "production", gate_of(plan), *read);
}

TEST(FiringNeeds, RefuseARuleThatIsLongerThanTheWindow) {
  EXPECT_THAT(
      problems(plan_of(), "  - {alert: Short, expr: a > 1, for: 45s}\n  - {alert: Long, expr: a > 1, for: 46s}\n"),
      ElementsAre("a.yml:6: Long can never fire for the gate of `production`: it needs 1m 16s (`for` 46s + 2 "
                  "evaluations of 15s) and a scrape, and the window lasts at most 1m 15s (load 45s + 10s to start and "
                  "end + quiet_for 20s)"));
}

TEST(FiringNeeds, CountOffsetsAndFixedMoments) {
  EXPECT_THAT(problems(plan_of(), "  - {alert: A, expr: a offset 1m > 1}\n"),
              ElementsAre(HasSubstr("it needs 1m 30s (`for` 0s + 2 evaluations of 15s + its offset of 1m)")));
  EXPECT_THAT(problems(plan_of(), "  - {alert: A, expr: a - a offset 1d > 1}\n"), IsEmpty()) << "a is asked for now";
  EXPECT_THAT(problems(plan_of(), "  - {alert: A, expr: a @ 1 > 1}\n"), ElementsAre(HasSubstr("one fixed moment")));
}

TEST(FiringNeeds, LeaveOutWhatFiresByDesign) {
  EXPECT_THAT(problems(plan_of(),
                       "  - {alert: GateWatchdog, expr: vector(1), for: 1d}\n"
                       "  - {alert: A, expr: a, for: 1d, labels: {severity: none}}\n"),
              IsEmpty());
}

TEST(FiringNeeds, RefuseALabelThatHoldsTheValueAndALayerWithoutAlerts) {
  EXPECT_THAT(problems(plan_of(), "  - {alert: A, expr: a > 1, for: 1s, labels: {v: '{{ $value }}'}}\n"),
              ElementsAre(HasSubstr("a.yml:5: A can't fire: its label `v` holds the value")));
  auto plan = plan_of();
  change_gate(plan, [](GateSpec& gate) { gate.layers = {"application", "node"}; });
  EXPECT_THAT(problems(plan, "  - {alert: A, expr: a > 1, labels: {layer: application}}\n"),
              ElementsAre("the gate of `production` asks for layer `node`, but no alert of alerts/*.rules.yml has "
                          "`layer: node`"));
}

TEST(FiringNeeds, RefuseExpressionsThatDoNotEnd) {
  const auto said = [](const std::string& query) {
    return problems(plan_of(), "  - {record: r, expr: '" + query + "'}\n");
  };
  EXPECT_THAT(said("sum(a > 5"), ElementsAre("a.yml:5: the expression of r can't be read: `)` is missing"));
  EXPECT_THAT(said("a{b=\"c\"]"), ElementsAre(HasSubstr("`]` closes nothing")));
  EXPECT_THAT(said("a{b=\"c\\\"}"), ElementsAre(HasSubstr("a string that begins with \" does not end")));
  EXPECT_THAT(said("a{b=\")\", c=`\\`}[5m] # )"), IsEmpty());
}

TEST(FiringNeeds, BoundSeveralWindowsByTheRunsTimeout) {
  auto plan = plan_of();
  VerifySpec later;
  later.last = Milliseconds{60'000};
  plan.stages.push_back(stage_of("later", later));
  change_gate(plan, [](GateSpec& gate) { gate.during = {"load", "later"}; });
  EXPECT_THAT(problems(plan, "  - {alert: A, expr: a > 1, for: 59m}\n"), IsEmpty());
  EXPECT_THAT(problems(plan, "  - {alert: A, expr: a > 1, for: 2h}\n"),
              ElementsAre(HasSubstr("at most 1h 20s (the run's timeout 1h + quiet_for 20s)")));
  change_gate(plan, [](GateSpec& gate) { gate.during = {"later"}; });
  EXPECT_EQ(widest_window(plan, "production", gate_of(plan)).length, Milliseconds{80'000});
}

class RulesCheckTest : public testing::Test {
 protected:
  Result<void> check(const Plan& plan = plan_of()) {
    struct Both {
      static Task<Result<void>*> run(RulesCheck& check, Plan plan, std::string checkout, Stop& stop,
                                     Result<void>& answer) {
        answer = co_await check.check(std::move(plan), std::move(checkout), stop);
        co_return &answer;
      }
    };
    Result<void> answer;
    bench.await(Both::run(rules, plan, bench.root + "/checkout", bench.stop, answer));
    return answer;
  }
  void write(const std::string& name, const std::string& rule) {
    bench.write("checkout/alerts/" + name, "groups:\n- name: g\n  rules:\n  - " + rule + "\n");
  }
  // A folder with programs of these names, to be found.
  void install(std::initializer_list<const char*> names) {
    for (const char* name : names) {
      bench.write(std::string("bin/") + name, "");
      std::filesystem::permissions(bench.root + "/bin/" + name, std::filesystem::perms::owner_all);
    }
  }
  StageBench bench;
  FakeSteps steps;
  RulesCheck rules{steps, {{"PATH", bench.root + "/none:" + bench.root + "/bin"}}};
};

TEST_F(RulesCheckTest, ReadsTheRulesWithoutPromtool) {
  write("app.rules.yml", "{alert: A, expr: up == 0, for: 1m}");
  EXPECT_TRUE(check().ok());
  write("app.rules.yml", "{alert: A, expr: up == 0, fro: 1m}");
  auto refused = check();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::user);
  EXPECT_THAT(refused.error().message, HasSubstr("alerts/app.rules.yml:4:31: unknown key `fro`"));
  write("app.rules.yml", "{alert: A, expr: up == 0, for: 1h}");
  refused = check();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("alerts/app.rules.yml:4: A can never fire"));
  EXPECT_THAT(steps.ran, IsEmpty());
}

TEST_F(RulesCheckTest, AGlobWithoutAFileIsRefusedAndOneOfTheRunIsLeft) {
  auto refused = check();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("no file of the commit matches `alerts/*.rules.yml`"));
  auto plan = plan_of();
  change_gate(plan, [](GateSpec& gate) { gate.rules = {"${{ stages.staging.outputs.rules }}"}; });
  EXPECT_TRUE(check(plan).ok());
  plan.stages[2].body = PromoteSpec{"production"};
  EXPECT_TRUE(check(plan).ok());
}

TEST_F(RulesCheckTest, GivesPromtoolTheRulesAndTheTestsBesideThem) {
  install({"promtool", "timeout"});
  write("app.rules.yml", "{alert: A, expr: up == 0}");
  bench.write("checkout/alerts/tests.yml", "# of A\nrule_files: [app.rules.yml]\n");
  bench.write("checkout/alerts/other.yml", "rules: no\n");
  bench.write("checkout/elsewhere/tests.yml", "rule_files: [app.rules.yml]\n");
  EXPECT_TRUE(check().ok());
  ASSERT_EQ(steps.ran.size(), 2u);
  const auto folder = bench.root + "/checkout/alerts/";
  EXPECT_THAT(steps.ran[0].argv,
              ElementsAre("timeout", "-k", "5", "60", "promtool", "check", "rules", folder + "app.rules.yml"));
  EXPECT_THAT(steps.ran[1].argv,
              ElementsAre("timeout", "-k", "5", "60", "promtool", "test", "rules", folder + "tests.yml"));
  EXPECT_THAT(steps.steps(PlanCheckOwner{plan_of().run}).value(), IsEmpty()) << "nothing is left behind";
}

TEST_F(RulesCheckTest, AsksAgainWhenTheToolsLeaderWasKilled) {
  install({"promtool", "timeout"});
  write("app.rules.yml", "{alert: A, expr: up == 0}");
  int deaths = 2;
  steps.script = [&deaths](const StepSpec&) {
    auto exit = exited(0);
    if (deaths-- > 0) exit.how = StepExit::How::leader_died;
    return exit;
  };
  EXPECT_TRUE(check().ok());
  EXPECT_EQ(steps.ran.size(), 3u);
  deaths = 99;
  steps.exits.clear();
  auto refused = check();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::infrastructure);
  EXPECT_EQ(steps.ran.size(), 6u) << "not for ever";
}

TEST_F(RulesCheckTest, TellsPromtoolsWordsWithTheRepositorysNames) {
  install({"promtool", "timeout"});
  write("app.rules.yml", "{alert: A, expr: up == 0}");
  steps.script = [this](const StepSpec& step) {
    steps.print(step, "Checking " + bench.root + "/checkout/alerts/app.rules.yml\n  \x1b[2JFAILED:\n");
    return exited(1);
  };
  auto refused = check();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::user);
  EXPECT_EQ(refused.error().message,
            "promtool check rules refuses them (exit status 1):\nChecking alerts/app.rules.yml\n  [2JFAILED:");
  steps.exits.clear();
  steps.script = [](const StepSpec&) { return exited(124); };
  refused = check();
  EXPECT_THAT(refused.error().message, HasSubstr("took more than 60 s"));
}

}  // namespace
}  // namespace quietgate
