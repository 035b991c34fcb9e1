#include "stages/apply/apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "stages/attempt/artifacts.h"
#include "stages/environments/environments.h"
#include "tests/support/fake_git.h"
#include "tests/support/fake_steps.h"
#include "tests/support/inline_disk.h"
#include "tests/support/no_residents.h"
#include "tests/support/specs.h"
#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

struct ScriptedHttp : Http {
  std::function<Result<HttpResponse>(const HttpRequest&)> script;
  std::vector<std::string> urls;
  Task<Result<HttpResponse>> send(HttpRequest request, Stop& stop) override {
    stop.throw_if_requested();
    urls.push_back(request.url);
    co_return script(request);
  }
};

HttpResponse answer(int status) {
  HttpResponse response;
  response.status = status;
  return response;
}

struct ApplyTest : ::testing::Test {
  ApplyTest() {
    git.write_checkouts = true;
    git.commits[std::string(40, 'a')] = {{}, {{"run.sh", "#!/bin/sh\n"}}};
    git.commits[std::string(40, 'b')] = {{}, {{"run.sh", "#!/bin/sh\nexit 1\n"}}};
    http.script = [this](const HttpRequest& request) -> Result<HttpResponse> {
      for (const auto& spec : steps.started) {
        auto port = spec.argv.back().substr(spec.argv.back().find(' ') + 1);
        if (request.url.find(":" + port + "/") != std::string::npos) return answer(200);
      }
      return infrastructure_error("refused");
    };
  }
  static ServiceSpec service(const std::string& name) {
    ServiceSpec service;
    service.name = name;
    service.command.shell = "./run.sh ${{ ports.web }}";
    service.environment["WHERE"] = "${{ apply.directory }}";
    service.ready = ReadyCheck{.http = "http://127.0.0.1:${{ ports.web }}/", .within = Milliseconds{1'000}};
    return service;
  }
  static ApplySpec one(bool keep = false) {
    ApplySpec spec;
    spec.ports = {"web"};
    spec.provisioner = ProcessesSpec{{service("app")}};
    spec.outputs["url"] = "http://127.0.0.1:${{ ports.web }}";
    spec.keep = keep;
    return spec;
  }
  StageOutcome run(StageRequest request) { return bench.await(stage.run(std::move(request))); }
  StageOutcome run(ApplySpec spec) { return run(bench.request(std::move(spec), "staging")); }
  Result<void> destroy(const std::string& id) {
    EnvironmentSummary summary;
    summary.id = id;
    return bench.await(environments.destroy(summary, bench.stop));
  }
  const EnvironmentPlanned* planned() {
    for (const auto& row : bench.journal.rows) {
      if (const auto* event = std::get_if<EnvironmentPlanned>(&row.event)) return event;
    }
    return nullptr;
  }
  std::string folder(const std::string& id) { return bench.root + "/environments/" + id; }

  StageBench bench;
  FakeSteps steps;
  NoResidents residents;
  ScriptedHttp http;
  FakeGit git;
  InlineDisk disk;
  ApplyStage stage{steps, http, git, bench.clock, nullptr, &disk};
  Environments environments{steps, residents, http, bench.clock, bench.root + "/environments"};
};

TEST_F(ApplyTest, BringsServicesUpAndAnswersOutputs) {
  auto outcome = run(one());
  ASSERT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  ASSERT_NE(planned(), nullptr);
  auto port = std::to_string(planned()->ports.at("web"));
  EXPECT_EQ(outcome.outputs.at("environment"), "sample-7-staging");
  EXPECT_EQ(outcome.outputs.at("url"), "http://127.0.0.1:" + port);
  ASSERT_EQ(steps.started.size(), 1U);
  const auto& spec = steps.started[0];
  EXPECT_EQ(spec.argv.back(), "./run.sh " + port);
  EXPECT_EQ(to_string(spec.name), "sample-7-staging services 7-1 app");
  EXPECT_EQ(spec.environment.at("WHERE"), folder("sample-7-staging") + "/data");
  EXPECT_EQ(spec.environment.at("QUIETGATE_ENVIRONMENT_ID"), "sample-7-staging");
  EXPECT_THAT(spec.tree, ::testing::EndsWith("/environments/sample-7-staging/checkout"));
  EXPECT_TRUE(std::holds_alternative<EnvironmentReady>(bench.journal.rows.back().event));
  EXPECT_THAT(bench.log.all(), HasSubstr("app ready after "));
  EXPECT_EQ(planned()->expires, bench.clock.now() + Milliseconds{3'600'000});
}

// What was tested is what is deployed: in the environment's checkout, before anything of it starts.
TEST_F(ApplyTest, PutsWhatOthersGaveIntoTheEnvironmentsCheckout) {
  const std::atomic<bool> never{false};
  std::filesystem::create_directories(bench.root + "/build.1");
  const auto keep = [&](const std::string& text) {
    bench.write("made/out/app", text);
    auto kept = keep_artifacts(bench.root + "/made", {"**"}, bench.root + "/build.1/artifacts",
                               bench.root + "/build.1/artifacts.json", never);
    return GivenArtifacts{"build", bench.root + "/build.1", kept->total};
  };
  auto request = bench.request(one(true), "staging");
  request.given = {keep("tested")};
  auto outcome = run(request);
  ASSERT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_EQ(bench.read("environments/sample-staging/checkout/out/app"), "tested");
  EXPECT_EQ(outcome.given, given_of(request.given));
  // Of the same commit, and yet another build.
  request.given = {keep("tested again")};
  request.run.number = 8;
  http.script = [this](const HttpRequest&) {
    return steps.started.size() < 2 ? Result<HttpResponse>(infrastructure_error("refused")) : answer(200);
  };
  outcome = run(request);
  ASSERT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_EQ(bench.read("environments/sample-staging/checkout/out/app"), "tested again");
  bench.write("build.1/artifacts/out/app", "planted");
  request.commit = std::string(40, 'b');
  git.commits[request.commit] = git.commits.begin()->second;
  outcome = run(request);
  EXPECT_EQ(outcome.outcome, Outcome::error);
  EXPECT_THAT(outcome.reason, HasSubstr("out/app of build is not the file that build kept"));
  EXPECT_EQ(bench.read("environments/sample-staging/checkout/out/app"), "tested again") << "the old one stays whole";
}

TEST_F(ApplyTest, TheIntentIsInTheJournalBeforeAnythingIsMade) {
  bench.journal.refuse = "disk is full";
  auto outcome = run(one());
  EXPECT_EQ(outcome.outcome, Outcome::error);
  EXPECT_TRUE(steps.started.empty());
  EXPECT_FALSE(std::filesystem::exists(folder("sample-7-staging")));
}

TEST_F(ApplyTest, AResumedAttemptKeepsItsPortsAndStartsNothingTwice) {
  ASSERT_EQ(run(one()).outcome, Outcome::passed);
  auto port = planned()->ports.at("web");
  bench.history = bench.journal.rows;
  auto request = bench.request(one(), "staging");
  request.resume = true;
  ApplyStage next_runner(steps, http, git, bench.clock, nullptr, &disk);
  auto outcome = bench.await(next_runner.run(std::move(request)));
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_EQ(outcome.outputs.at("url"), "http://127.0.0.1:" + std::to_string(port));
  EXPECT_EQ(steps.started.size(), 1U);
}

TEST_F(ApplyTest, AServiceThatIsNotReadyInTimeFailsWithWhatItAnswered) {
  http.script = [](const HttpRequest&) { return answer(503); };
  auto spec = one();
  auto outcome = run(spec);
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "service \"app\" was not ready within 1s: http://127.0.0.1:" +
                                std::to_string(planned()->ports.at("web")) + "/ answered 503");
}

TEST_F(ApplyTest, AServiceThatExitsEarlyFailsAtOnceWithItsLastWords) {
  http.script = [this](const HttpRequest&) -> Result<HttpResponse> {
    if (!steps.started.empty()) {
      const auto& name = steps.started[0].name;
      steps.texts[log_of(name)] = "starting\nOSError: Address already in use\n";
      steps.exits[name] = exited(1);
    }
    return infrastructure_error("refused");
  };
  auto outcome = run(one());
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason,
            "service \"app\" ended before it was ready: exit status 1, its last line: OSError: Address already in use");
  EXPECT_THAT(outcome.advice, HasSubstr("another process uses its port"));
  EXPECT_THAT(bench.log.lines, Contains("  starting"));
}

TEST_F(ApplyTest, SomebodyElsesAnswerIsNotTheServices) {
  http.script = [](const HttpRequest&) { return answer(200); };
  auto outcome = run(one());
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_THAT(outcome.reason, HasSubstr("before it was started"));
  EXPECT_TRUE(steps.started.empty());
}

// A runner that went before the service had a leader leaves a record of nothing.
TEST_F(ApplyTest, AnEmptyRecordIsNoServiceThatWasStarted) {
  http.script = [](const HttpRequest&) { return answer(200); };
  bench.write("environments/sample-7-staging/services/7-1/app.step", "");
  auto outcome = run(one());
  EXPECT_EQ(outcome.outcome, Outcome::failed) << "somebody else's answer was taken for the service's";
  EXPECT_THAT(outcome.reason, HasSubstr("before it was started"));
  EXPECT_TRUE(steps.started.empty());
}

TEST_F(ApplyTest, CommandChecksAreStepsOfTheirOwn) {
  auto spec = one();
  auto asks = service("app");
  asks.ready = ReadyCheck{.command = "test -e ready"};
  spec.provisioner = ProcessesSpec{{asks}};
  int tries = 0;
  steps.script = [&](const StepSpec&) { return exited(++tries < 3 ? 1 : 0); };
  EXPECT_EQ(run(spec).outcome, Outcome::passed);
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(steps.ran[2].name, bench.step("ready-app.3", "staging"));
}

TEST_F(ApplyTest, AKeptEnvironmentIsUpdatedInPlace) {
  ASSERT_EQ(run(one(true)).outcome, Outcome::passed);
  auto first = steps.started[0].name;
  auto port = planned()->ports.at("web");
  EXPECT_EQ(planned()->environment, "sample-staging");
  EXPECT_EQ(planned()->expires, Time{});
  auto request = bench.request(one(true), "staging");
  request.run.number = 8;
  request.commit = std::string(40, 'b');
  http.script = [this](const HttpRequest&) {
    return steps.started.size() < 2 ? Result<HttpResponse>(infrastructure_error("refused")) : answer(200);
  };
  auto outcome = run(std::move(request));
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_EQ(outcome.outputs.at("url"), "http://127.0.0.1:" + std::to_string(port));
  EXPECT_EQ(steps.ended, std::vector<StepName>{first});
  EXPECT_EQ(steps.started.size(), 2U);
  EXPECT_EQ(bench.read("environments/sample-staging/checkout/run.sh"), "#!/bin/sh\nexit 1\n");
}

TEST_F(ApplyTest, AnOlderCommitIsNotDeployedOverANewerOne) {
  bench.history = {{1, {}, CommitPromoted{{"sample", 7}, "production", "main", "", std::string(40, 'a')}}};
  auto request = bench.request(one(true), "staging");
  git.remote["main"] = std::string(40, 'b');
  const auto outcome = run(std::move(request));
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.overtaken_by, std::string(40, 'b'));
  EXPECT_EQ(outcome.outputs.at("overtaken_by"), std::string(40, 'b'));
  EXPECT_EQ(steps.started.size(), 0U);
  git.remote["main"] = std::string(40, 'a');
  EXPECT_EQ(run(one(true)).overtaken_by, std::nullopt);
}

TEST_F(ApplyTest, AnotherRepositorysEnvironmentIsNotTouched) {
  ASSERT_EQ(run(one(true)).outcome, Outcome::passed);
  auto request = bench.request(one(true), "b-staging");
  request.run.repository = "sample";
  ASSERT_EQ(environment_id({"sample-b", 1}, "staging", 1, true), environment_id({"sample", 1}, "b-staging", 1, true));
  ASSERT_EQ(run(std::move(request)).outcome, Outcome::passed);
  auto other = bench.request(one(true), "staging");
  other.run.repository = "sample-b";
  auto outcome = run(std::move(other));
  EXPECT_EQ(outcome.outcome, Outcome::error);
  EXPECT_THAT(outcome.reason, HasSubstr("exists already"));
}

TEST_F(ApplyTest, DestroyEndsServicesInReverseOrderAndRemovesTheFolder) {
  auto spec = one();
  auto second = service("second");
  second.ready.reset();
  spec.provisioner = ProcessesSpec{{service("app"), second}};
  ASSERT_EQ(run(spec).outcome, Outcome::passed);
  ASSERT_TRUE(destroy("sample-7-staging"));
  const EnvironmentOwner services{"sample-7-staging", "services", "7-1"};
  EXPECT_EQ(steps.ended, (std::vector<StepName>{{services, "second"}, {services, "app"}}));
  EXPECT_FALSE(std::filesystem::exists(folder("sample-7-staging")));
  EXPECT_TRUE(destroy("sample-7-staging"));
}

TEST_F(ApplyTest, ADescriptorThatCantBeReadKeepsTheFolder) {
  bench.write("environments/x/environment.json", R"({"version":99})");
  auto destroyed = destroy("x");
  ASSERT_FALSE(destroyed);
  EXPECT_THAT(destroyed.error().message, HasSubstr("unknown version"));
  EXPECT_TRUE(std::filesystem::exists(folder("x")));
  EXPECT_FALSE(destroy("../checkout"));
  EXPECT_FALSE(destroy(""));
}

TEST_F(ApplyTest, TheDescriptorIsForItsOwnerOnlyAndHoldsOnlySecretsInUse) {
  auto request = bench.request(one(), "staging");
  request.environment["TOKEN"] = "in-use-secret";
  request.secrets = {"in-use-secret", "other-secret"};
  ASSERT_EQ(run(std::move(request)).outcome, Outcome::passed);
  auto path = folder("sample-7-staging");
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_all);
  EXPECT_EQ(std::filesystem::status(path + "/environment.json").permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_THAT(bench.read("environments/sample-7-staging/environment.json"),
              AllOf(HasSubstr("in-use-secret"), ::testing::Not(HasSubstr("other-secret"))));
}

TEST(EnvironmentId, IsAFolderName) {
  EXPECT_EQ(environment_id({"hello", 3}, "staging", 1, false), "hello-3-staging");
  EXPECT_EQ(environment_id({"hello", 3}, "staging", 2, false), "hello-3-staging-a2");
  EXPECT_EQ(environment_id({"team/hello", 3}, "release", 2, true), "team-hello-release");
  EXPECT_EQ(environment_id({"..", 3}, "x", 1, true), "-.-x");
}

TEST(LoopbackPortsTest, HandsNoPortOutTwiceWhileItIsHeld) {
  LoopbackPorts ports;
  auto one = ports.lease({"a", "b"}, {});
  auto two = ports.lease({"a"}, {{"a", one->ports["a"]}, {"gone", 1}});
  ASSERT_TRUE(one && two);
  EXPECT_NE(one->ports["a"], one->ports["b"]);
  EXPECT_EQ(two->ports, (std::map<std::string, int>{{"a", one->ports["a"]}}));
  EXPECT_TRUE(port_is_free(one->ports["b"]));
}

}  // namespace
}  // namespace quietgate
