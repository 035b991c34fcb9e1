#include "pipelines/migrate/migrate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "pipelines/language/compiler.h"
#include "stages/kinds.h"

namespace quietgate {
namespace {

Plan plan_of(const std::string& text) {
  PlanContext context;
  context.run = {"hello", 1};
  context.commit = CommitId(40, '0');
  context.branch = "main";
  const auto compiled = compile_pipeline(text, ".quietgate.yaml", context, stage_kinds());
  EXPECT_TRUE(compiled.plan) << compiled.printed << text;
  return compiled.plan.value_or(Plan{});
}

Migration made_from(const std::string& text, const std::string& path) {
  auto made = migrate(text, path);
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return made ? *made : Migration{};
}

bool notes_have(const Migration& made, std::size_t line, const std::string& words) {
  return std::any_of(made.notes.begin(), made.notes.end(), [&](const MigrationNote& note) {
    return note.line == line && note.what.find(words) != std::string::npos;
  });
}

constexpr const char* github_file = R"(name: CI
on:
  push:
    branches: [main, "release/*"]
    paths-ignore: ["docs/**"]
  pull_request:
env:
  LEVEL: debug
jobs:
  test:
    runs-on: ubuntu-latest
    timeout-minutes: 15
    strategy:
      matrix:
        python: ["3.11", "3.12"]
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "${{ matrix.python }}"}
      - run: pip install -r requirements.txt
      - name: Test
        run: |
          pytest --sha ${{ github.sha }}
          echo $LEVEL
        working-directory: service
        env:
          TOKEN: ${{ secrets.INDEX_TOKEN }}
          MODE: fast's
      - uses: actions/upload-artifact@v4
        with: {name: out, path: service/dist}
  deploy:
    needs: test
    if: github.event_name == 'push'
    runs-on: ubuntu-latest
    steps: [{run: ./deploy}]
  tell:
    needs: [test, deploy]
    runs-on: ubuntu-latest
    steps: [{run: "echo ${{ github.event.head_commit.message }}"}]
  release:
    needs: test
    if: github.ref == 'refs/heads/main'
    runs-on: ubuntu-latest
    steps: [{run: "./release $GITHUB_SHA $GITHUB_ACTOR"}]
)";

TEST(Migrate, GithubActions) {
  const auto made = made_from(github_file, ".github/workflows/ci.yml");
  EXPECT_STREQ(to_string(made.system), "GitHub Actions");
  const auto plan = plan_of(made.text);
  EXPECT_EQ(plan.name, "CI");
  std::vector<std::string> names;
  for (const auto& stage : plan.stages) names.push_back(stage.name);
  EXPECT_EQ(names, (std::vector<std::string>{"test.3-11", "test.3-12", "tell", "release"}));
  EXPECT_EQ(plan.stages[0].timeout, Milliseconds{900'000});
  EXPECT_EQ(plan.secrets, std::vector<std::string>{"INDEX_TOKEN"});
  EXPECT_EQ(plan.stages[0].environment.at("LEVEL"), "debug");
  EXPECT_NE(made.text.find("if: \"commit.branch == 'main'\""), std::string::npos) << made.text;
  EXPECT_EQ(plan.stages[0].environment.at("GITHUB_SHA"), CommitId(40, '0'));
  EXPECT_TRUE(notes_have(made, 1, "`$GITHUB_ACTOR` is set by nobody here"));
  EXPECT_NE(made.text.find("cd 'service'\n"), std::string::npos) << made.text;
  EXPECT_NE(made.text.find("export MODE='fast'\\''s'\n"), std::string::npos) << made.text;
  EXPECT_NE(made.text.find("pytest --sha ${{ commit.sha }}\n"), std::string::npos) << made.text;
  EXPECT_NE(made.text.find("artifacts: [\"service/dist/**\"]"), std::string::npos) << made.text;
  EXPECT_NE(made.text.find("branches: [\"main\", \"release/*\"]"), std::string::npos);
  EXPECT_TRUE(notes_have(made, 6, "on.pull_request"));
  EXPECT_TRUE(notes_have(made, 31, "job `deploy` with `if: github.event_name == 'push'` is left out"));
  EXPECT_TRUE(notes_have(made, 39, "`github.event.head_commit.message` has no counterpart: written as __TODO__"));
}

constexpr const char* gitlab_file = R"(stages: [build, test, deploy]
default:
  before_script: [echo begin]
  retry: 2
variables: {LEVEL: debug}
.base:
  timeout: 1h 30m
  image: gcc
compile:
  extends: .base
  stage: build
  script: [make, "cp app out/$CI_COMMIT_SHA"]
  artifacts: {paths: [out/]}
unit tests:
  script:
    - make test
  artifacts: {reports: {junit: report.xml}}
  allow_failure: true
nightly:
  script: [make slow]
  rules: [{if: '$CI_PIPELINE_SOURCE == "schedule"'}]
publish:
  stage: deploy
  script: [make publish]
  only: [main]
by hand:
  stage: deploy
  script: [make]
  when: manual
)";

TEST(Migrate, GitlabCi) {
  const auto made = made_from(gitlab_file, ".gitlab-ci.yml");
  const auto plan = plan_of(made.text);
  ASSERT_EQ(plan.stages.size(), 3U) << made.text;
  EXPECT_EQ(plan.stages[0].name, "compile");
  EXPECT_EQ(plan.stages[0].timeout, Milliseconds{5'400'000});
  EXPECT_EQ(plan.stages[0].retry.attempts, 3) << "GitLab counts the tries after the first";
  EXPECT_EQ(plan.stages[0].environment.at("CI_COMMIT_SHA"), CommitId(40, '0'));
  EXPECT_EQ(plan.stages[1].name, "unit-tests");
  EXPECT_EQ(plan.stages[1].needs, std::vector<std::string>{"compile"});
  EXPECT_EQ(plan.stages[1].from, std::vector<std::string>{"compile"}) << "jobs get the artifacts of those before";
  EXPECT_TRUE(plan.stages[1].continue_on_error);
  EXPECT_EQ(plan.stages[2].name, "publish");
  EXPECT_NE(made.text.find("if: \"commit.branch == 'main'\""), std::string::npos) << made.text;
  EXPECT_NE(made.text.find("        echo begin\n        make test\n"), std::string::npos) << made.text;
  EXPECT_TRUE(notes_have(made, 19, "job `nightly` is left out"));
  EXPECT_TRUE(notes_have(made, 26, "when: manual"));
}

constexpr const char* woodpecker_file = R"(when: [{event: push, branch: main}]
steps:
  build:
    image: gcc
    commands: [make, make test]
    environment: {TOKEN: {from_secret: index_token}, MODE: fast}
  notify:
    image: plugins/slack
    settings: {channel: dev}
  lint:
    image: gcc
    failure: ignore
    commands: [make lint]
)";

TEST(Migrate, WoodpeckerStepsShareTheirFiles) {
  const auto made = made_from(woodpecker_file, ".woodpecker.yml");
  const auto plan = plan_of(made.text);
  ASSERT_EQ(plan.stages.size(), 1U);
  EXPECT_EQ(plan.secrets, std::vector<std::string>{"index_token"});
  EXPECT_NE(made.text.find("export MODE='fast'\n"), std::string::npos) << made.text;
  EXPECT_NE(made.text.find("set +e\n        (\n        set -e\n"), std::string::npos) << made.text;
  EXPECT_NE(made.text.find("branches: [\"main\"]"), std::string::npos) << made.text;
  EXPECT_TRUE(notes_have(made, 8, "step `notify` has no `commands`"));
}

TEST(Migrate, SaysWhatItIsNot) {
  const auto other = migrate("a: 1\n", "x.yml");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message, "x.yml is no file of GitHub Actions, GitLab CI or Woodpecker that is known");
  const auto broken = migrate("jobs: [\n", "x.yml");
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("x.yml:"), std::string::npos);
  EXPECT_FALSE(migrate("jobs: {}\n", "x.yml"));
}

// Whatever stands in such a file, what is made of it is a valid pipeline.
TEST(Migrate, MakesValidFilesOfHostileOnes) {
  for (const char* text : {
           "jobs: {\"a b\": {steps: [{run: \"  x\\n\\ty: z # ${{ bad }} $${{\"}]}, \"a/b\": {needs: [a b, gone], "
           "steps: []}}",
           "name: \"a\\nstages: {}\"\njobs: {x: {steps: [{run: 'echo', env: {\"A B\": c, OK: \"`id`\\\"'\"}}]}}",
           "jobs: {x: {strategy: {matrix: {v: [1, true, \"a: b\"]}}, steps: [{run: 'echo ${{ matrix.v }}'}]}}",
           "jobs: {x: [1, 2], y: {steps: {a: b}}, z: {steps: [1, null, {run: [1]}], timeout-minutes: [1]}}",
           "a: {script: 'echo ${{ x }}', extends: a, stage: nowhere}\nb: {script: [[x, [y]], {z: 1}], needs: [{job: "
           "a}]}",
           "jobs: {a: {strategy: {matrix: {\"x: ['1']\\n    test: {run: id}\\n  evil:\\n    y\": [1]}}, steps: [{run: "
           "id}]}}",
           "jobs: {a: {steps: [{run: \"\\n\\n     x\\n y\"}]}}",
           "a: {script: x, extends: [a, a, a, a, a, a, a, a, a, a]}",
           "steps: [{name: \"x\\ntouch y\", commands: [id], environment: {\"A: b\\nx\": {from_secret: \"c\\nd\"}}}]",
           "steps: [{commands: ['echo ${{ x }}'], environment: [A=1, B, '1=2']}]",
       }) {
    if (const auto made = migrate(text, "x.yml")) plan_of(made->text);
  }
}

}  // namespace
}  // namespace quietgate
