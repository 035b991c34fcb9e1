#include "pipelines/language/compiler.h"

#include <gtest/gtest.h>

#include "pipelines/language/print.h"
#include "runner/model/expression.h"
#include "runner/model/stage_templates.h"
#include "stages/kinds.h"
#include "tests/pipelines/language/cases.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

Plan plan_of(const std::string& text, const PlanContext& context = some_commit()) {
  const Compilation compilation = compile_pipeline(text, "p.yaml", context, stage_kinds());
  EXPECT_TRUE(compilation.plan) << compilation.printed;
  return compilation.plan.value_or(Plan{});
}

Plan everything() {
  return plan_of(read_text(QUIETGATE_SOURCE_DIR "/tests/cases/pipelines/good/everything.yaml"));
}

std::vector<std::string> names(const Plan& plan) {
  std::vector<std::string> out;
  for (const StageSpec& stage : plan.stages) out.push_back(stage.name);
  return out;
}

TEST(Compile, MatrixMakesStagesAndNeedsAllOfThem) {
  const Plan plan = everything();
  EXPECT_EQ(names(plan), (std::vector<std::string>{"lint", "unit.3-11.1", "unit.3-11.20", "unit.3-12.1", "unit.3-12.20",
                                                   "staging", "load.5", "load.10", "latest", "one", "ask", "production",
                                                   "drill", "released", "cleanup"}));
  EXPECT_EQ(plan.find("staging")->needs,
            (std::vector<std::string>{"lint", "unit.3-11.1", "unit.3-11.20", "unit.3-12.1", "unit.3-12.20"}));
  EXPECT_EQ(spec_of<TestSpec>(plan.find("unit.3-12.20")->body).commands[0].shell, "tox -e 3.12 --size 20");
  EXPECT_EQ(plan.find("unit.3-11.1")->environment.at("PYTHON"), "python3.11");
  EXPECT_EQ(spec_of<LoadSpec>(plan.find("load.10")->body).users, 10);
  EXPECT_EQ(spec_of<PromoteSpec>(plan.find("production")->body).gate->during,
            (std::vector<std::string>{"load.5", "load.10", "one"}));
}

TEST(Compile, ResolvesWhatIsKnownAndLeavesTheRest) {
  const Plan plan = everything();
  const auto& load = spec_of<LoadSpec>(plan.find("load.5")->body);
  EXPECT_EQ(load.host, "${{ stages.staging.outputs.url }}");
  EXPECT_EQ(load.expect.at("failure_ratio").value, 0.01);
  EXPECT_EQ(load.expect.at("p95").value, 1500);
  EXPECT_EQ(load.expect.at("p95").text, "< 1.5s");
  EXPECT_EQ(load.expect.at("max").value, 60'000);
  EXPECT_EQ(plan.timeout, Milliseconds(5'400'000));
  EXPECT_EQ(plan.find("lint")->timeout, Milliseconds(300'000));
  EXPECT_EQ(plan.find("lint")->retry.attempts, 3);
  EXPECT_EQ(plan.find("lint")->retry.when.size(), 4u);
  EXPECT_EQ(plan.find("lint")->environment.at("LEVEL"), "3");
  EXPECT_EQ(plan.find("lint")->environment.at("TOKEN"), "${{ secrets.TOKEN }}");
  EXPECT_EQ(spec_of<TestSpec>(plan.find("lint")->body).commands[0].shell, "echo \"$TITLE\"\necho 0123456 hello/3\n");
  EXPECT_EQ(plan.find("staging")->condition.substr(0, 18), "'main' == 'main' &");
  const auto& services = spec_of<ProcessesSpec>(spec_of<ApplySpec>(plan.find("staging")->body).provisioner).services;
  ASSERT_EQ(services.size(), 3u);
  EXPECT_EQ(services[0].name, "database");
  EXPECT_EQ(services[2].name, "web");
}

TEST(Compile, StagesHandOnArtifactsAndShells) {
  const Plan plan = plan_of(read_text(QUIETGATE_SOURCE_DIR "/tests/cases/pipelines/good/handed-on.yaml"));
  const auto commands = [&](const char* stage) { return spec_of<TestSpec>(plan.find(stage)->body).commands; };
  EXPECT_EQ(plan.find("unit")->from, (std::vector<std::string>{"build.x86"}));
  EXPECT_EQ(plan.find("staging")->from, (std::vector<std::string>{"build.x86", "build.arm", "docs"}));
  EXPECT_EQ(plan.find("load")->from, (std::vector<std::string>{"build.x86"}));
  EXPECT_EQ(commands("build.arm")[0].interpreter, (std::vector<std::string>{"/bin/sh", "-e", "-c"}));
  EXPECT_EQ(commands("docs")[0].interpreter, (std::vector<std::string>{"python3", "-u", "-c"}));
  EXPECT_EQ(commands("unit")[0].interpreter,
            (std::vector<std::string>{"bash", "-eo", "pipefail", "-O", "inherit_errexit", "-c"}));
  const auto web = spec_of<ProcessesSpec>(spec_of<ApplySpec>(plan.find("staging")->body).provisioner).services[0];
  EXPECT_EQ(web.ready->interpreter, (std::vector<std::string>{"/bin/sh", "-e", "-c"}));
  EXPECT_EQ(spec_of<ApproveSpec>(plan.find("agree")->body).expires, Milliseconds(7 * 86'400'000));
  const auto& promote = spec_of<PromoteSpec>(plan.find("production")->body);
  EXPECT_EQ(promote.approval, Approval::manual);
  EXPECT_EQ(promote.approval_message, "Move main?");
  EXPECT_EQ(promote.approval_expires, Milliseconds(12 * 3'600'000));
  EXPECT_EQ(describe(*plan.find("staging"), stage_kinds()),
            "after docs, unit; with the artifacts of build.x86, build.arm, docs; processes web; lives 1h; "
            "shell /bin/sh -e -c");
  EXPECT_EQ(describe(*plan.find("production"), stage_kinds()),
            "after agree; to production; no gate; when a person approves within 12h; asking: Move main?");
  EXPECT_EQ(describe(*plan.find("agree"), stage_kinds()),
            "after load; a person decides within 7d: Ship 0123456 to ${{ stages.staging.outputs.url }}?");
}

std::vector<std::string> warnings(const std::string& stages) {
  const Compilation compilation =
      compile_pipeline("version: 1\nstages:\n" + stages, "p.yaml", some_commit(), stage_kinds());
  EXPECT_TRUE(compilation.plan) << compilation.printed;
  std::vector<std::string> out;
  for (const Diagnostic& warning : compilation.warnings) out.push_back(warning.message);
  return out;
}

TEST(Order, IsWaivedByAnEmptyList) {
  const std::string stages = "  unit: {test: {run: x}}\n  production: {needs: [], promote: {branch: p}}\n";
  EXPECT_EQ(
      warnings(stages),
      (std::vector<std::string>{"stage `production` promotes without waiting for any test: its `needs` is `[]`"}));
  const Plan plan = plan_of("version: 1\nstages:\n" + stages);
  EXPECT_TRUE(plan.find("production")->waives_order);
  EXPECT_EQ(describe(*plan.find("production"), stage_kinds()),
            "waits for no test, on purpose (`needs: []`); to p; no gate");
  EXPECT_FALSE(plan_of("version: 1\nstages: {a: {needs: [], test: {run: x}}}\n").find("a")->waives_order);
}

TEST(Order, IsNotAskedOfWhatPutsAReleaseBack) {
  PlanContext context = some_commit();
  const std::string text = "version: 1\nstages: {unit: {test: {run: x}}, production: {promote: {branch: p}}}\n";
  EXPECT_FALSE(compile_pipeline(text, "p.yaml", context, stage_kinds()).plan);
  context.puts_back = true;
  EXPECT_EQ(plan_of(text, context).stages.size(), 2u);
}

TEST(Warnings, TellOnceOfPipes) {
  const std::string pipe = "a pipe fails when any of its commands does: shell texts run with `bash -eo pipefail`";
  EXPECT_EQ(warnings("  a: {test: {run: x | y}}\n  b: {test: {run: x | y}}\n"), std::vector<std::string>{pipe});
  for (const char* none :
       {"x || y", "'grep \"a|b\" file'", "x >| y", "[grep, a|b]", "\"#!/bin/sh\\nx | y\"", "x \\| y"})
    EXPECT_EQ(warnings("  a: {test: {run: " + std::string(none) + "}}\n"), std::vector<std::string>{}) << none;
  EXPECT_EQ(warnings("  a: {shell: sh, test: {run: x | y}}\n"), std::vector<std::string>{});
  EXPECT_EQ(warnings("  a: {test: {run: x >| y || z | w}}\n"), std::vector<std::string>{pipe});
}

TEST(Warnings, TellOnceThatStagesShareNothing) {
  const std::string two = "  a: {test: {run: x, artifacts: [o]}}\n  b: {needs: [a], test: {run: y";
  EXPECT_EQ(warnings(two + "}}\n  c: {needs: [b], test: {run: x}}\n"),
            (std::vector<std::string>{"stage `b` does not see files that `a` makes: each stage has its own tree"}));
  EXPECT_EQ(warnings(two + ", from: [a]}}\n"), std::vector<std::string>{});
  EXPECT_EQ(warnings("  a: {test: {run: x}}\n  b: {test: {run: x}}\n"), std::vector<std::string>{});
}

// The commit's message names a secret; nothing that later resolves the plan may put its value there.
TEST(Compile, CommitTextIsNeverReadAsAnExpression) {
  const Plan plan = everything();
  const Lookup secrets = [](const std::string& name) -> std::optional<std::string> {
    if (name == "secrets.TOKEN") return "hunter2";
    return std::nullopt;
  };
  const auto stage = resolve(*plan.find("lint"), secrets);
  ASSERT_TRUE(stage.ok()) << stage.error().message;
  EXPECT_EQ(stage->environment.at("TITLE"), "Greet ${{ secrets.TOKEN }} $(rm -rf /)");
  EXPECT_EQ(stage->environment.at("TOKEN"), "hunter2");
  EXPECT_EQ(spec_of<TestSpec>(stage->body).commands[1].argv,
            (std::vector<std::string>{"printf", "%s", "Greet ${{ secrets.TOKEN }} $(rm -rf /)", ""}));
}

TEST(Compile, HashSaysWhetherPlansAreEqual) {
  const std::string text = "version: 1\nstages: {a: {test: {run: x}}}\n";
  const Plan plan = plan_of(text);
  EXPECT_EQ(plan.hash, plan_of("# a comment\n" + text).hash);
  EXPECT_NE(plan.hash, plan_of("version: 1\nstages: {a: {test: {run: y}}}\n").hash);
  PlanContext other = some_commit();
  other.run.number = 4;
  EXPECT_NE(plan.hash, plan_of(text, other).hash);
}

TEST(Compile, ByteOrderMarkIsIgnored) {
  EXPECT_EQ(names(plan_of("\xEF\xBB\xBFversion: 1\nstages: {a: {test: {run: x}}}\n")), (std::vector<std::string>{"a"}));
}

TEST(Compile, StageLimits) {
  std::string text = "version: 1\nstages:\n";
  for (int i = 0; i < 500; ++i) {
    text += "  s" + std::to_string(i) + ": {test: {run: x}" + (i ? ", needs: [s" + std::to_string(i - 1) + "]" : "") +
            "}\n";
  }
  EXPECT_EQ(plan_of(text).stages.size(), 500u);
  const auto message = [](const std::string& pipeline) {
    return compile_pipeline(pipeline, "p.yaml", some_commit(), stage_kinds()).diagnostics.at(0).message;
  };
  EXPECT_EQ(message(text + "  more: {test: {run: x}}\n"), "the pipeline has 501 stages");
  std::string axes;
  for (const char* axis : {"a", "b", "c", "d"}) axes += std::string(axis) + ": [1, 2, 3, 4, 5, 6], ";
  EXPECT_EQ(message("version: 1\nstages: {s: {test: {run: x}, matrix: {" + axes + "}}}\n"),
            "the matrix has more than 1000 combinations");
}

TEST(Trigger, ReadsOnlyWhatItNeeds) {
  const YamlPipelineLanguage language(stage_kinds());
  const auto trigger =
      language.trigger("on: {branches: [a], paths: [b], ignore_paths: [c]}\nconcurrency: queue\nstages: 5\n", "p", {});
  ASSERT_TRUE(trigger.ok()) << trigger.error().message;
  EXPECT_EQ(trigger->rules.branches, (std::vector<std::string>{"a"}));
  EXPECT_EQ(trigger->rules.paths, (std::vector<std::string>{"b"}));
  EXPECT_EQ(trigger->rules.ignore_paths, (std::vector<std::string>{"c"}));
  EXPECT_EQ(trigger->concurrency, Concurrency::queue);
  EXPECT_EQ(language.trigger("stages: {}\n", "p", {})->rules.branches, (std::vector<std::string>{"main"}));
  EXPECT_FALSE(language.trigger("on: [main]\n", "p", {}).ok());
  EXPECT_FALSE(language.trigger("on: [\n", "p", {}).ok());
  EXPECT_FALSE(language.trigger("- a\n", "p", {}).ok());
}

TEST(Compiler, ErrorsAreTheUsers) {
  const YamlPipelineLanguage language(stage_kinds());
  const auto plan = language.compile("version: 1\nstage: {}\n", "p.yaml", some_commit(), {});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().kind, ErrorKind::user);
  EXPECT_EQ(plan.error().message.substr(0, 45), "p.yaml:1:1: error: the pipeline needs `stages");
}

TEST(Print, APlanForPeople) {
  const Plan plan = plan_of(read_text(QUIETGATE_SOURCE_DIR "/tests/cases/pipelines/good/product.yaml"));
  EXPECT_EQ(
      describe(plan, stage_kinds()),
      "hello-flask · main @ 0123456 · 6 stages · hash " + plan.hash.substr(0, 12) + "\n" +
          "1. unit        test     python3 -m pytest -q --junitxml=report.xml; JUnit report.xml; up to 2 attempts\n"
          "2. staging     apply    after unit; terraform infra/environment; lives 1h\n"
          "3. load        load     after staging; load/locustfile.py; 40 users for 45s; failure_ratio <= 0.01; p95 "
          "<= 250ms; requests >= 300; requests_per_second >= 100; reaches 3 replicas within 30s; never above 6; "
          "settles at 1 within 1m; reversals <= 1\n"
          "4. metrics     verify   after load; during load; error ratio < 0.01\n"
          "5. production  promote  after metrics; to production; quiet during load, metrics; and 20s after; rules "
          "infra/alerts/*.rules.yml; layers application, service, kubernetes, node\n"
          "6. release     apply    after production; terraform infra/production; is kept; watched for 5m, rules "
          "infra/alerts/*.rules.yml; an alert rolls back\n");
}

// Examples in the reference that are marked complete must compile.
TEST(Reference, CompleteExamplesCompile) {
  const std::string text = read_text(QUIETGATE_SOURCE_DIR "/docs/pipeline.md");
  const std::string opening = "```yaml complete\n";
  int count = 0;
  for (std::size_t at = text.find(opening); at != std::string::npos; at = text.find(opening, at + 1), ++count) {
    const std::size_t begin = at + opening.size();
    plan_of(text.substr(begin, text.find("```", begin) - begin));
  }
  EXPECT_GE(count, 4);
}

}  // namespace
}  // namespace quietgate
