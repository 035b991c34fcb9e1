#include "stages/environments/terraform/terraform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "stages/environments/terraform/line_follower.h"
#include "stages/environments/terraform/terraform_module.h"
#include "stages/environments/terraform/terraform_own.h"
#include "stages/environments/terraform/terraform_stream.h"
#include "tests/support/fake_steps.h"
#include "tests/support/specs.h"
#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* version_line =
    R"({"@message":"Terraform 1.11.4","type":"version","terraform":"1.11.4","ui":"1.2"})";

TEST(TerraformStream, TellsProgressInWords) {
  TerraformStream stream;
  EXPECT_THAT(stream.take(version_line), ElementsAre("Terraform 1.11.4"));
  EXPECT_TRUE(stream.understood());
  EXPECT_THAT(
      stream.take(
          R"({"@timestamp":"2026-11-23T23:59:59.900000Z","hook":{"resource":{"addr":"terraform_data.app"},"action":"create"},"type":"apply_start"})"),
      ElementsAre("terraform_data.app: creating"));
  EXPECT_THAT(
      stream.take(
          R"({"hook":{"resource":{"addr":"terraform_data.app"},"output":"hello"},"type":"provision_progress"})"),
      ElementsAre("terraform_data.app: hello"));
  EXPECT_THAT(
      stream.take(
          R"({"@timestamp":"2026-11-24T00:00:00.200000Z","hook":{"resource":{"addr":"terraform_data.app"},"action":"create"},"type":"apply_complete"})"),
      ElementsAre("terraform_data.app: created after 0.3s"));
  EXPECT_THAT(stream.take(R"({"changes":{"add":3,"change":0,"remove":1,"operation":"plan"},"type":"change_summary"})"),
              ElementsAre("plan: 3 to add, 0 to change, 1 to destroy"));
  EXPECT_EQ(stream.changes, (TerraformChanges{3, 0, 1}));
}

TEST(TerraformStream, KeepsErrorsWithTheirPlace) {
  TerraformStream stream;
  auto told = stream.take(
      R"({"@level":"error","diagnostic":{"severity":"error","summary":"local-exec provisioner error","detail":"Error running command 'exit 3': exit status 3.\nOutput: oops\n","address":"terraform_data.bad","range":{"filename":"main.tf","start":{"line":11}}},"type":"diagnostic"})");
  EXPECT_THAT(told, ElementsAre("error: local-exec provisioner error at terraform_data.bad (main.tf:11): Error running "
                                "command 'exit 3': exit status 3. Output: oops"));
  ASSERT_EQ(stream.errors().size(), 1U);
  EXPECT_TRUE(stream.has_error("provisioner"));
  stream.take(R"({"diagnostic":{"severity":"warning","summary":"old"},"type":"diagnostic"})");
  EXPECT_EQ(stream.errors().size(), 1U);
}

TEST(TerraformStream, SurvivesAnything) {
  TerraformStream stream;
  EXPECT_THAT(stream.take(""), IsEmpty());
  EXPECT_THAT(stream.take("panic: runtime error"), ElementsAre("panic: runtime error"));
  EXPECT_THAT(stream.take("[1,2]"), ElementsAre("[1,2]"));
  EXPECT_THAT(stream.take(R"({"type":"brand_new","@message":"something"})"), ElementsAre("something"));
  EXPECT_THAT(stream.take(R"({"type":7,"hook":[],"@message":{}})"), IsEmpty());
  EXPECT_THAT(stream.take(R"({"type":"apply_complete"})"), ElementsAre(HasSubstr("after 0.0s")));
  EXPECT_THAT(stream.take(R"({"type":"diagnostic","diagnostic":3})"), ElementsAre("error: "));
  EXPECT_THAT(stream.take(R"({"type":"change_summary","changes":{"add":"x"}})"), IsEmpty());
  EXPECT_FALSE(stream.understood());
}

TEST(TerraformPlan, NamesWhatIsReplacedAndWhyButNoValues) {
  auto lines = replacements(R"({"resource_changes":[
    {"address":"a","change":{"actions":["delete","create"],"before":{"p":"hunter22"},"replace_paths":[["triggers_replace",0],["input"]]}},
    {"address":"b","change":{"actions":["create","delete"]},"action_reason":"replace_because_tainted"},
    {"address":"c","change":{"actions":["create"]}}]})");
  EXPECT_THAT(lines, ElementsAre("a is replaced because triggers_replace.0, input changed",
                                 "b is replaced because its creation failed before"));
  EXPECT_THAT(replacements("nonsense"), IsEmpty());
}

TEST(TerraformOutput, HandsOnWhatIsNotSensitive) {
  auto outputs = read_terraform_outputs(
      R"({"url":{"sensitive":false,"value":"http://x"},"p":{"sensitive":true,"value":"hunter22"},"l":{"value":[1,2]}})");
  ASSERT_TRUE(outputs);
  EXPECT_EQ(outputs->values, (std::map<std::string, std::string>{{"url", "http://x"}, {"l", "[1,2]"}}));
  EXPECT_THAT(outputs->sensitive, ElementsAre("p"));
  EXPECT_FALSE(read_terraform_outputs("Warning"));
}

TEST(TerraformModule, FindsTheBackendThatIsDeclared) {
  EXPECT_EQ(declared_backend("terraform {\n  backend \"local\" {}\n}"), "local");
  EXPECT_EQ(declared_backend("terraform { required_version = \">= 1\"\n backend \"s3\" {\n bucket = \"x\" } }"), "s3");
  EXPECT_EQ(declared_backend("terraform {\n cloud {\n }\n}"), "cloud");
  EXPECT_EQ(declared_backend("# terraform { backend \"s3\" {} }\n/* terraform { backend \"s3\" {} } */"), std::nullopt);
  EXPECT_EQ(declared_backend("locals { x = \"terraform { backend\" }\nresource \"a\" \"b\" { backend \"c\" {} }"),
            std::nullopt);
  EXPECT_EQ(declared_backend("\"unterminated \\"), std::nullopt);
}

TEST(Follow, TellsALineOnceOverTwoRunners) {
  StageBench bench;
  std::vector<std::string> fresh, again;
  auto collect = [&](std::string_view line, bool is_fresh) { (is_fresh ? fresh : again).emplace_back(line); };
  FakeSteps steps;
  const auto text = output_of(bench.step("1-plan"));
  const auto memory = bench.root + "/out.told";
  steps.texts[text] = "one\ntwo\nthr";
  LineFollower(steps, text, memory, collect).pump();
  EXPECT_THAT(fresh, ElementsAre("one", "two"));
  fresh.clear();
  steps.texts[text] = "one\ntwo\nthree\n" + std::string(2 << 20, 'x') + "\nlast";
  LineFollower(steps, text, memory, collect).finish();
  EXPECT_THAT(again, ElementsAre("one", "two"));
  EXPECT_THAT(fresh, ElementsAre("three", "(a line over 1 MiB is left out)", "last"));
}

// Terraform as a script: each command answers an exit status and what it prints.
struct TerraformTest : ::testing::Test {
  TerraformTest() {
    bench.write("bin/terraform", "");
    std::filesystem::permissions(bench.root + "/bin/terraform", std::filesystem::perms::owner_all);
    folder.root = bench.root + "/environments/e";
    environment.id = "e";
    bench.write("environments/e/checkout/infra/main.tf", "");
    environment.environment["PATH"] = bench.root + "/bin";
    spec.provisioner = TerraformSpec{"infra", {{"commit", "abc"}}};
    steps.script = [this](const StepSpec& step) {
      const auto& scripted = commands[step.argv[1]];
      if (step.output) steps.texts.erase(*step.output);
      steps.print(step, scripted.second);
      StepExit exit = exited(scripted.first);
      if (scripted.first < 0) exit = {StepExit::How::signalled, -scripted.first};
      return exit;
    };
  }
  Result<std::map<std::string, std::string>> create() {
    auto request = bench.request(spec);
    return bench.await(terraform.create({request, spec.provisioner, folder, environment}));
  }
  void afresh() {
    steps.exits.clear();
    steps.texts.clear();
    std::filesystem::remove_all(folder.terraform());
  }
  std::vector<std::string> ran() const {
    std::vector<std::string> names;
    for (const auto& step : steps.ran) names.push_back(step.name.step);
    return names;
  }

  StageBench bench;
  FakeSteps steps;
  EnvironmentFolder folder;
  EnvironmentDescriptor environment;
  ApplySpec spec;
  TerraformProvisioner terraform{steps, bench.clock};
  std::string said = std::string(version_line) + "\n";
  std::map<std::string, std::pair<int, std::string>> commands{
      {"init", {0, "Initializing\n"}},
      {"plan", {2, said}},
      {"show", {0, "{}"}},
      {"apply", {0, said}},
      {"destroy", {0, said}},
      {"output", {0, R"({"url":{"sensitive":false,"value":"http://x"}})"}}};
};

std::string error_line(const std::string& summary) {
  return R"({"diagnostic":{"severity":"error","summary":")" + summary + R"(","detail":"words"},"type":"diagnostic"})" +
         "\n";
}

TEST_F(TerraformTest, RunsEachCommandAsAStepAndAnswersOutputs) {
  auto outputs = create();
  ASSERT_TRUE(outputs) << outputs.error().message;
  EXPECT_EQ(outputs->at("url"), "http://x");
  EXPECT_THAT(ran(), ElementsAre("1-init", "2-plan", "3-show", "4-apply", "5-output"));
  EXPECT_THAT(steps.ran[0].argv, Contains("-backend-config=path=" + folder.terraform() + "/terraform.tfstate"));
  EXPECT_EQ(steps.ran[0].environment.at("TF_DATA_DIR"), folder.terraform() + "/data");
  EXPECT_EQ(steps.ran[3].stop_signal, SIGINT);
  EXPECT_TRUE(steps.ran[3].keep_descendants);
  EXPECT_THAT(bench.read("environments/e/checkout/infra/quietgate_override.tf"), HasSubstr("backend \"local\""));
  EXPECT_THAT(bench.read("environments/e/terraform/variables.tfvars.json"), HasSubstr(R"("commit": "abc")"));
}

TEST_F(TerraformTest, NothingToDoAppliesNothing) {
  commands["plan"].first = 0;
  ASSERT_TRUE(create());
  EXPECT_THAT(ran(), ElementsAre("1-init", "2-plan", "3-output"));
}

TEST_F(TerraformTest, AStalePlanIsPlannedOnceMore) {
  commands["apply"] = {1, said + error_line("Saved plan is stale")};
  auto outputs = create();
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().kind, ErrorKind::infrastructure);
  EXPECT_THAT(ran(), ElementsAre("1-init", "2-plan", "3-show", "4-apply", "5-plan", "6-show", "7-apply"));
}

TEST_F(TerraformTest, WhoseFailureItIs) {
  commands["apply"] = {1, said + error_line("local-exec provisioner error")};
  EXPECT_EQ(create().error().kind, ErrorKind::step);
  EXPECT_EQ(create().error().message, "terraform apply failed: local-exec provisioner error: words");

  afresh();
  commands["apply"] = {-SIGKILL, said};
  EXPECT_EQ(create().error().kind, ErrorKind::infrastructure);
  EXPECT_THAT(create().error().message, HasSubstr("killed by SIGKILL in the middle"));

  afresh();
  commands["plan"] = {1, said + error_line("Error acquiring the state lock")};
  EXPECT_EQ(create().error().kind, ErrorKind::infrastructure);
  EXPECT_THAT(create().error().message, HasSubstr("lock of the environment's state"));

  afresh();
  commands["plan"] = {0, "Usage: something else\n"};
  EXPECT_EQ(create().error().kind, ErrorKind::infrastructure);
  EXPECT_THAT(create().error().message, HasSubstr("printed nothing that Terraform or OpenTofu would print"));

  afresh();
  commands["init"] = {1, "\nError: Failed to query available provider packages\n\nCould not retrieve the list\n"};
  EXPECT_EQ(create().error().kind, ErrorKind::infrastructure);
  EXPECT_THAT(create().error().message, HasSubstr("Failed to query available provider packages: Could not retrieve"));

  afresh();
  commands["init"] = {1, "\nError: Unsupported block type\n"};
  EXPECT_EQ(create().error().kind, ErrorKind::step);
}

TEST_F(TerraformTest, ARemoteStateIsOnlyForKeptEnvironments) {
  bench.write("environments/e/checkout/infra/main.tf", "terraform {\n backend \"s3\" {}\n}");
  EXPECT_THAT(create().error().message, HasSubstr("would share, and destroy, one state"));
  environment.keep = true;
  EXPECT_TRUE(create());
  EXPECT_FALSE(std::filesystem::exists(bench.root + "/environments/e/checkout/infra/quietgate_override.tf"));

  // Whatever order the files are read in.
  environment.keep = false;
  for (const char* first : {"a", "z"}) {
    bench.write("environments/e/checkout/infra/" + std::string(first) + ".tf", "terraform {\n backend \"local\" {}\n}");
    EXPECT_THAT(create().error().message, HasSubstr("would share, and destroy, one state"));
  }
}

TEST_F(TerraformTest, AStateOfOthersIsNoStateOfThisEnvironment) {
  bench.write("environments/e/checkout/infra/main.tf",
              "terraform {\n backend \"local\" {\n path = \"/p\"\n workspace_dir = \"/w\"\n }\n}");
  ASSERT_TRUE(create());
  EXPECT_THAT(steps.ran[0].argv, Contains("-backend-config=path=" + folder.terraform() + "/terraform.tfstate"));
  EXPECT_THAT(steps.ran[0].argv, Contains("-backend-config=workspace_dir=" + folder.terraform() + "/workspaces"));

  afresh();
  environment.environment["TF_CLI_ARGS_plan"] = "-state=/p";
  EXPECT_EQ(create().error().message,
            "TF_CLI_ARGS_plan names a state with `-state`: quietgate keeps the state of each environment itself");
}

TEST_F(TerraformTest, WhatOthersMadeIsNotImportedToBeDestroyed) {
  commands["show"].second =
      R"({"resource_changes":[{"address":"terraform_data.theirs","change":{"actions":["no-op"],"importing":{"id":"x"}}}]})";
  auto refused = create();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "terraform_data.theirs is imported: it exists outside of this environment, which would destroy it");
  EXPECT_THAT(ran(), ElementsAre("1-init", "2-plan", "3-show"));
  afresh();
  environment.keep = true;
  EXPECT_TRUE(create());
}

TEST_F(TerraformTest, MissingProgramAndModuleAreTold) {
  spec.provisioner = TerraformSpec{"nowhere", {}};
  EXPECT_EQ(create().error().kind, ErrorKind::user);
  auto missing = find_terraform("/nowhere:relative");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::infrastructure);
  EXPECT_THAT(missing.error().advice, HasSubstr("install Terraform"));
}

TEST_F(TerraformTest, DestroysOnlyWhatThereIsAndTriesAgain) {
  environment.own = own_json(TerraformSpec{"infra", {}});
  auto destroy = [this] { return bench.await(terraform.destroy(environment, folder, bench.stop)); };
  EXPECT_TRUE(destroy());
  EXPECT_THAT(ran(), IsEmpty());

  bench.write("environments/e/terraform/terraform.tfstate", R"({"resources":[]})");
  EXPECT_TRUE(destroy());
  EXPECT_THAT(ran(), IsEmpty());

  bench.write("environments/e/terraform/terraform.tfstate", R"({"resources":[{}]})");
  commands["destroy"] = {1, said + error_line("it stays")};
  EXPECT_THAT(destroy().error().message, HasSubstr("terraform destroy failed: it stays"));
  commands["destroy"] = {0, said};
  EXPECT_TRUE(destroy());
  EXPECT_THAT(ran(), ElementsAre("1-init", "1-destroy", "2-init", "2-destroy"));

  std::filesystem::remove(folder.terraform() + "/terraform.tfstate");
  bench.write("environments/e/terraform/workspaces/blue/terraform.tfstate", R"({"resources":[{}]})");
  EXPECT_TRUE(destroy());
  EXPECT_THAT(ran(), Contains("3-destroy"));
}

}  // namespace
}  // namespace quietgate
