// The apply and test stages with real processes, real Terraform (when it is on PATH) and real pytest.
#include "stages/apply/apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "runner/adapters/clock/posix_clock.h"
#include "runner/adapters/http/http_curl.h"
#include "runner/adapters/local_steps/local_residents.h"
#include "runner/adapters/local_steps/local_steps.h"
#include "runner/base/blocking_pool.h"
#include "stages/environments/environments.h"
#include "stages/environments/terraform/terraform_module.h"
#include "stages/test/test.h"
#include "tests/support/fake_git.h"
#include "tests/support/inline_disk.h"
#include "tests/support/specs.h"
#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string commit_a(40, 'a');
const std::string commit_b(40, 'b');

struct ApplyForReal : ::testing::Test {
  ApplyForReal() {
    bench.real = true;
    git.write_checkouts = true;
  }
  ~ApplyForReal() override {
    for (const auto& id : made) {
      auto destroyed = destroy(id);
      EXPECT_TRUE(destroyed) << destroyed.error().message;
      EXPECT_THAT(residents_of(bench.root + "/environments/" + id + "/data"), IsEmpty());
      EXPECT_FALSE(std::filesystem::exists(bench.root + "/environments/" + id));
    }
  }
  StageOutcome run(ApplySpec spec, int attempt = 1, CommitId commit = commit_a) {
    auto request = request_of(spec, attempt, std::move(commit));
    return bench.await(stage.run(std::move(request)));
  }
  StageRequest request_of(const ApplySpec& spec, int attempt = 1, CommitId commit = commit_a) {
    auto request = bench.request(spec, "staging");
    request.attempt = attempt;
    request.commit = std::move(commit);
    request.run.number = ++last_run;
    request.directory = bench.layout().attempt(request.id());
    std::filesystem::create_directories(request.directory);
    request.environment["PATH"] = std::string(::getenv("PATH")) + ":/usr/bin:/bin";
    made.insert(environment_id(request.run, "staging", attempt, spec.keep));
    return request;
  }
  Result<void> destroy(const std::string& id) {
    EnvironmentSummary summary;
    summary.id = id;
    Stop never;
    return bench.await(environments.destroy(summary, never));
  }
  std::string folder(int number = 1) const {
    return bench.root + "/environments/sample-" + std::to_string(number) + "-staging";
  }
  bool until(const std::function<bool()>& truth) {
    for (int tries = 0; tries < 4'000 && !truth(); ++tries) {
      bench.loop.restart();
      bench.loop.run_for(std::chrono::milliseconds(5));
    }
    return truth();
  }

  StageBench bench;
  PosixClock clock{bench.loop.get_executor()};
  LocalSteps steps{bench.loop.get_executor(), DataLayout(bench.root)};
  LocalResidents residents{clock};
  BlockingPool pool{1};
  HttpCurl http{pool};
  FakeGit git;
  InlineDisk disk;
  ApplyStage stage{steps, http, git, clock, nullptr, &disk};
  Environments environments{steps, residents, http, clock, bench.root + "/environments"};
  int last_run = 0;
  std::set<std::string> made;
};

ApplySpec web(const std::string& command, Milliseconds within = Milliseconds{60'000}) {
  ServiceSpec service;
  service.name = "web";
  service.command.shell = command;
  service.ready = ReadyCheck{.http = "http://127.0.0.1:${{ ports.web }}/", .within = within};
  ApplySpec spec;
  spec.ports = {"web"};
  spec.provisioner = ProcessesSpec{{service}};
  return spec;
}

TEST_F(ApplyForReal, ServicesComeUpAndGo) {
  git.commits[commit_a] = {{}, {{"index.html", "hello"}}};
  auto spec = web("exec /usr/bin/python3 -m http.server --bind 127.0.0.1 ${{ ports.web }}");
  auto declared = spec_of<ProcessesSpec>(spec.provisioner);
  ServiceSpec second;
  second.name = "second";
  second.needs = {"web"};
  second.command.argv = {"/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", "${{ ports.two }}"};
  second.ready = ReadyCheck{.tcp = "127.0.0.1:${{ ports.two }}"};
  declared.services.push_back(second);
  spec.provisioner = declared;
  spec.ports.push_back("two");
  auto outcome = run(spec);
  ASSERT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << "\n" << bench.log.all();
  EXPECT_EQ(residents_of(folder() + "/data").size(), 2U);
  EXPECT_THAT(bench.read("environments/sample-1-staging/services/1-1/web/log"), HasSubstr("GET / "));
  EXPECT_TRUE(destroy("sample-1-staging"));
  EXPECT_THAT(residents_of(folder() + "/data"), IsEmpty());
}

TEST_F(ApplyForReal, NeverReady) {
  git.commits[commit_a] = {{}, {{"x", ""}}};
  auto outcome = run(web("echo waiting for the database; exec sleep 600", Milliseconds{3'000}));
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_THAT(outcome.reason, AllOf(HasSubstr("service \"web\" was not ready within"), HasSubstr("http://127.0.0.1:")));
  EXPECT_THAT(bench.log.lines, Contains("  waiting for the database"));
}

TEST_F(ApplyForReal, ExitsEarly) {
  git.commits[commit_a] = {{}, {{"x", ""}}};
  auto outcome = run(web("echo no module named flask; exit 3"));
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason,
            "service \"web\" ended before it was ready: exit status 3, its last line: no module named flask");
}

TEST_F(ApplyForReal, PortTaken) {
  git.commits[commit_a] = {{}, {{"x", ""}}};
  ASSERT_EQ(run(web("exec /usr/bin/python3 -m http.server --bind 127.0.0.1 ${{ ports.web }}")).outcome,
            Outcome::passed);
  const auto port = std::to_string(std::get<EnvironmentPlanned>(bench.journal.rows[0].event).ports.at("web"));
  auto late = web("exec /usr/bin/python3 -m http.server --bind 127.0.0.1 " + port);
  auto outcome = run(late);
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_THAT(outcome.reason, HasSubstr("Address already in use"));
  EXPECT_THAT(outcome.advice, HasSubstr("another process uses its port"));
}

TEST_F(ApplyForReal, AKeptEnvironmentServesTheNewCommit) {
  git.commits[commit_a] = {{}, {{"index.html", "one"}}};
  git.commits[commit_b] = {{}, {{"index.html", "two"}}};
  auto spec = web("exec /usr/bin/python3 -m http.server --bind 127.0.0.1 ${{ ports.web }}");
  spec.keep = true;
  spec.outputs["port"] = "${{ ports.web }}";
  auto first = run(spec);
  auto second = run(spec, 1, commit_b);
  ASSERT_EQ(second.outcome, Outcome::passed) << second.reason << "\n" << bench.log.all();
  EXPECT_EQ(first.outputs, second.outputs);
  EXPECT_EQ(residents_of(bench.root + "/environments/sample-staging/data").size(), 1U);
  EXPECT_EQ(bench.read("environments/sample-staging/checkout/index.html"), "two");
}

constexpr const char* daemon_module = R"(
variable "directory" { type = string }
resource "terraform_data" "daemon" {
  input = var.directory
  provisioner "local-exec" { command = "./start.sh '${self.input}'" }
  provisioner "local-exec" {
    when    = destroy
    command = "./stop.sh '${self.input}'"
  }
}
output "where" { value = terraform_data.daemon.output }
output "list" { value = [1, 2] }
output "password" {
  value     = "hunter22"
  sensitive = true
}
)";
constexpr const char* start_script =
    "#!/bin/sh\nset -eu\necho starting in \"$1\"\nsetsid sleep 600 >\"$1/log\" 2>&1 </dev/null &\n"
    "echo $! >\"$1/pid\"\n";
constexpr const char* stop_script = "#!/bin/sh\nkill \"$(cat \"$1/pid\")\"\necho stopped >\"$1/../../stopped\"\n";

struct TerraformForReal : ApplyForReal {
  void SetUp() override {
    auto program = find_terraform(::getenv("PATH"));
    if (!program) GTEST_SKIP() << "NOT TESTED: neither terraform nor tofu is on PATH; install one to test them";
  }
  static ApplySpec module() {
    ApplySpec spec;
    spec.provisioner = TerraformSpec{"infra", {{"directory", "${{ apply.directory }}"}}};
    spec.outputs["declared"] = "${{ apply.id }}";
    return spec;
  }
  void commit(const std::string& text, const CommitId& id = commit_a) {
    git.commits[id] = {{}, {{"infra/main.tf", text}, {"infra/start.sh", start_script}, {"infra/stop.sh", stop_script}}};
  }
};

TEST_F(TerraformForReal, AppliesAndDestroysWithItsOwnState) {
  commit(daemon_module);
  auto outcome = run(module());
  ASSERT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << "\n" << bench.log.all();
  EXPECT_EQ(outcome.outputs.at("where"), folder() + "/data");
  EXPECT_EQ(outcome.outputs.at("list"), "[1,2]");
  EXPECT_EQ(outcome.outputs.at("declared"), "sample-1-staging");
  EXPECT_FALSE(outcome.outputs.contains("password"));
  EXPECT_THAT(bench.log.lines,
              AllOf(Contains("plan: 1 to add, 0 to change, 0 to destroy"), Contains("terraform_data.daemon: creating"),
                    Contains("terraform_data.daemon: starting in " + folder() + "/data")));
  EXPECT_THAT(bench.log.all(), ::testing::Not(HasSubstr("hunter22")));
  EXPECT_EQ(residents_of(folder() + "/data").size(), 1U);
  auto destroyed = destroy("sample-1-staging");
  EXPECT_TRUE(destroyed) << destroyed.error().message;
  EXPECT_EQ(bench.read("environments/stopped"), "stopped\n");
}

TEST_F(TerraformForReal, AFailedProvisionerIsTheCommitsFault) {
  commit(R"(resource "terraform_data" "bad" {
  provisioner "local-exec" { command = "echo the disk is on fire; exit 3" }
})");
  auto outcome = run(module());
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_THAT(outcome.reason, AllOf(HasSubstr("terraform apply failed: local-exec provisioner error at "
                                              "terraform_data.bad (main.tf:2)"),
                                    HasSubstr("the disk is on fire")));
}

TEST_F(TerraformForReal, ABrokenModuleIsTheCommitsFault) {
  commit("resource \"terraform_data\" \"x\" {\n  nonsense = 1\n}\n");
  auto outcome = run(module());
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_THAT(outcome.reason, AllOf(HasSubstr("Unsupported argument"), HasSubstr("main.tf")));
  commit("resource {\n");
  outcome = run(module());
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_THAT(outcome.reason, HasSubstr("terraform init failed: "));
}

TEST_F(TerraformForReal, KilledInTheMiddleLeavesNothingAfterDestroy) {
  commit(R"(resource "terraform_data" "first" {
  provisioner "local-exec" { command = "true" }
}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "setsid sleep 600 >/dev/null 2>&1 </dev/null & echo up >'${terraform_data.first.id != "" ? "." : ""}/up'; sleep 600"
  }
})");
  std::optional<StageOutcome> outcome;
  bool ended = false;
  auto hold = [](Task<StageOutcome> task, std::optional<StageOutcome>& answer) -> Task<void> {
    answer = co_await std::move(task);
  };
  spawn(bench.loop.get_executor(), hold(stage.run(request_of(module())), outcome),
        [&ended](std::exception_ptr) { ended = true; });
  auto up = folder() + "/checkout/infra/up";
  ASSERT_TRUE(until([&up] { return std::filesystem::exists(up); })) << bench.log.all();
  int killed = 0;
  for (auto process : residents_of(folder() + "/data")) {
    auto program = std::filesystem::read_symlink("/proc/" + std::to_string(process) + "/exe").filename();
    if (program == "terraform" || program == "tofu") killed += ::kill(process, SIGKILL) == 0 ? 1 : 0;
  }
  EXPECT_GE(killed, 1);
  ASSERT_TRUE(until([&ended] { return ended; }));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->outcome, Outcome::error);
  EXPECT_THAT(outcome->reason, HasSubstr("terraform apply was killed by SIGKILL in the middle"));
  EXPECT_FALSE(residents_of(folder() + "/data").empty()) << "the orphans that destroy has to find";
  auto destroyed = destroy("sample-1-staging");
  EXPECT_TRUE(destroyed) << destroyed.error().message;
}

TEST_F(TerraformForReal, AProgramThatIsNotTerraformIsTold) {
  commit(daemon_module);
  bench.write("bin/terraform", "#!/bin/sh\necho \"fake $1\"\n");
  std::filesystem::permissions(bench.root + "/bin/terraform", std::filesystem::perms::owner_all);
  auto request = request_of(module());
  request.environment["PATH"] = bench.root + "/bin:" + request.environment["PATH"];
  auto outcome = bench.await(stage.run(std::move(request)));
  EXPECT_EQ(outcome.outcome, Outcome::error);
  EXPECT_THAT(outcome.reason, HasSubstr("printed nothing that Terraform or OpenTofu would print"));
}

TEST_F(TerraformForReal, AKeptEnvironmentIsUpdatedInPlace) {
  commit(daemon_module);
  commit(std::string(daemon_module) + "resource \"terraform_data\" \"more\" {}\n", commit_b);
  auto spec = module();
  spec.keep = true;
  ASSERT_EQ(run(spec).outcome, Outcome::passed) << bench.log.all();
  auto second = run(spec, 1, commit_b);
  ASSERT_EQ(second.outcome, Outcome::passed) << second.reason << "\n" << bench.log.all();
  EXPECT_THAT(bench.log.lines, Contains("plan: 1 to add, 0 to change, 0 to destroy"));
  EXPECT_EQ(residents_of(bench.root + "/environments/sample-staging/data").size(), 1U);
  ASSERT_EQ(run(spec, 1, commit_b).outcome, Outcome::passed);
  EXPECT_THAT(bench.log.lines, Contains("no changes"));
}

struct TestForReal : ApplyForReal {
  StageOutcome run_tests(TestSpec spec) {
    auto request = bench.request(std::move(spec), "unit");
    request.secrets = {"hunter22"};
    return bench.await(TestStage(steps, disk).run(std::move(request)));
  }
};

TEST_F(TestForReal, PytestByName) {
  if (!std::filesystem::exists("/usr/lib/python3/dist-packages/pytest")) {
    GTEST_SKIP() << "NOT TESTED: pytest is missing; install the package python3-pytest";
  }
  bench.write("checkout/test_app.py",
              "def test_good():\n    pass\n\ndef test_bad():\n    print('hunter22')\n    assert 1 == 2\n");
  auto outcome = run_tests({.commands = {{.shell = "/usr/bin/python3 -m pytest -q --junitxml=report.xml"}},
                            .junit = "report.xml",
                            .artifacts = {"report.xml"}});
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "1 of 2 tests failed: test_app::test_bad");
  EXPECT_EQ(outcome.tests, (TestCounts{1, 1, 0}));
  EXPECT_THAT(bench.read("attempt/log"), AllOf(HasSubstr("assert 1 == 2"), ::testing::Not(HasSubstr("hunter22"))));
  EXPECT_TRUE(std::filesystem::exists(bench.root + "/attempt/artifacts/report.xml"));
}

TEST_F(TestForReal, ExitStatusAndTime) {
  auto outcome = run_tests({.commands = {{.shell = "echo one; false; echo two"}, {.shell = "echo three"}}});
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_THAT(outcome.reason, ::testing::MatchesRegex("exit status 1 from \"echo one; false; echo two\" after .*"));
  EXPECT_EQ(bench.read("attempt/log"), "one\n");
  EXPECT_THAT(bench.log.lines, ::testing::Not(Contains("$ echo three")));
}

TEST_F(TestForReal, ACancelEndsTheCommandAndWhatItStarted) {
  bool ended = false;
  auto swallow = [](Task<StageOutcome> task) -> Task<void> { co_await std::move(task); };
  auto request = bench.request(TestSpec{.commands = {{.shell = "sleep 600 & echo up >up; wait"}}}, "unit");
  request.environment["QUIETGATE_ENVIRONMENT_DIRECTORY"] = bench.root;
  TestStage test(steps, disk);
  std::exception_ptr thrown;
  spawn(bench.loop.get_executor(), swallow(test.run(std::move(request))), [&](std::exception_ptr problem) {
    thrown = problem;
    ended = true;
  });
  ASSERT_TRUE(until([this] { return std::filesystem::exists(bench.root + "/checkout/up"); }));
  EXPECT_FALSE(residents_of(bench.root).empty());
  bench.stop.request(StopReason::cancel, "cancelled by ana");
  ASSERT_TRUE(until([&ended] { return ended; }));
  EXPECT_THROW(std::rethrow_exception(thrown), Stopped);
  EXPECT_THAT(residents_of(bench.root), IsEmpty());
}

}  // namespace
}  // namespace quietgate
