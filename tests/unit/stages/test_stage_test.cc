#include "stages/test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/fake_processes.h"
#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

struct TestStageTest : ::testing::Test {
  StageOutcome run(TestSpec spec) {
    auto request = bench.request(std::move(spec));
    request.secrets = {"hunter22"};
    return bench.await(TestStage(processes).run(std::move(request)));
  }
  void report(const std::string& text) { bench.write("checkout/report.xml", text); }

  StageBench bench;
  FakeProcesses processes;
  TestSpec one{.commands = {{.shell = "python3 -m pytest -q"}}, .junit = "report.xml"};
};

TEST_F(TestStageTest, RunsShellAndArgvInTheCheckoutAndStopsAtTheFirstFailure) {
  std::filesystem::create_directories(bench.root + "/checkout/sub");
  processes.script = [](const ProcessSpec& spec) { return exited(spec.argv[0] == "make" ? 2 : 0, Milliseconds{2100}); };
  auto outcome =
      run({.commands = {{.shell = "true"}, {.argv = {"make", "test"}, .directory = "sub"}, {.shell = "no"}}});
  ASSERT_EQ(processes.ran.size(), 2U);
  EXPECT_THAT(processes.ran[0].argv,
              ElementsAre(EndsWith("/bash"), "-eo", "pipefail", "-O", "inherit_errexit", "-c", "true"));
  EXPECT_EQ(processes.ran[0].name, bench.root + "/attempt/1-run");
  EXPECT_EQ(processes.ran[0].log, bench.root + "/attempt/log");
  EXPECT_EQ(processes.ran[0].secrets, std::vector<std::string>{"hunter22"});
  EXPECT_EQ(processes.ran[1].working_directory, std::filesystem::canonical(bench.root).string() + "/checkout/sub");
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_THAT(outcome.reason, HasSubstr("from \"make test\" after "));
  EXPECT_THAT(bench.log.lines, Contains("$ make test"));
}

TEST_F(TestStageTest, ALeaderThatDiedIsOurError) {
  processes.script = [](const ProcessSpec&) {
    ProcessExit exit;
    exit.how = ProcessExit::How::leader_died;
    return exit;
  };
  EXPECT_EQ(run(one).outcome, Outcome::error);
}

TEST_F(TestStageTest, WorkingDirectoryOutsideTheCheckoutIsRefused) {
  for (const char* directory : {"..", "/etc", "a/../../b", "absent", "link"}) {
    std::error_code ignored;
    std::filesystem::create_directory_symlink("/etc", bench.root + "/checkout/link", ignored);
    auto outcome = run({.commands = {{.shell = "true", .directory = directory}}});
    EXPECT_EQ(outcome.outcome, Outcome::failed) << directory;
  }
  EXPECT_TRUE(processes.ran.empty());
}

TEST_F(TestStageTest, FailingTestsFailEvenWhenTheCommandPassed) {
  processes.script = [this](const ProcessSpec&) {
    report("<testsuite><testcase name='a'/><testcase name='b hunter22'><failure/></testcase></testsuite>");
    return exited(0);
  };
  auto outcome = run(one);
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "1 of 2 tests failed: b ***");
  EXPECT_EQ(outcome.tests, (TestCounts{1, 1, 0}));
  EXPECT_THAT(bench.read("attempt/tests.json"), HasSubstr(R"("outcome":"failed")"));
  EXPECT_THAT(bench.read("attempt/tests.json"), ::testing::Not(HasSubstr("hunter22")));
}

TEST_F(TestStageTest, ReportOfAFailedCommandIsReadToo) {
  processes.script = [this](const ProcessSpec&) {
    report("<testsuite><testcase name='b'><error/></testcase></testsuite>");
    return exited(1);
  };
  auto outcome = run(one);
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "1 of 1 test failed: b");
}

TEST_F(TestStageTest, MissingEmptyAndStaleReportsNeverPass) {
  EXPECT_THAT(run(one).reason, HasSubstr("no file matches \"report.xml\""));

  bench.write("checkout/report.xml", "<testsuite><testcase name='old'/></testsuite>");
  std::filesystem::remove_all(bench.root + "/attempt");
  std::filesystem::create_directories(bench.root + "/attempt/steps");
  processes.exits.clear();
  auto stale = run(one);
  EXPECT_EQ(stale.outcome, Outcome::failed);
  EXPECT_THAT(stale.reason, HasSubstr("report.xml is older than"));

  processes.exits.clear();
  processes.script = [this](const ProcessSpec&) {
    report("<testsuite></testsuite>");
    return exited(0);
  };
  auto empty = run(one);
  EXPECT_EQ(empty.outcome, Outcome::failed);
  EXPECT_EQ(empty.reason, "the JUnit report holds no tests");

  processes.exits.clear();
  processes.script = [this](const ProcessSpec&) {
    report("<testsuite><testcase name='a'><skipped/></testcase><testcase name='b'><skipped/></testcase></testsuite>");
    return exited(0);
  };
  auto skipped = run(one);
  EXPECT_EQ(skipped.outcome, Outcome::failed);
  EXPECT_EQ(skipped.reason, "all 2 tests were skipped");
  EXPECT_EQ(skipped.tests, (TestCounts{0, 0, 2}));
}

TEST_F(TestStageTest, PassesWithCounts) {
  processes.script = [this](const ProcessSpec&) {
    report("<testsuite><testcase name='a'/><testcase name='b'><skipped/></testcase></testsuite>");
    return exited(0);
  };
  auto outcome = run(one);
  EXPECT_EQ(outcome.outcome, Outcome::passed);
  EXPECT_EQ(outcome.reason, "1 test passed, 1 skipped");
}

TEST_F(TestStageTest, KeepsArtifactsButFollowsNoLinkOut) {
  bench.write("checkout/out/a.txt", "a");
  bench.write("checkout/out/deep/b.txt", "bb");
  bench.write("outside.txt", "secret");
  std::filesystem::create_symlink(bench.root + "/outside.txt", bench.root + "/checkout/out/c.txt");
  processes.script = [](const ProcessSpec&) { return exited(1); };
  auto outcome = run({.commands = {{.shell = "false"}}, .artifacts = {"out/**/*.txt", "none-*"}});
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(bench.read("attempt/artifacts/out/deep/b.txt"), "bb");
  EXPECT_FALSE(std::filesystem::exists(bench.root + "/attempt/artifacts/out/c.txt"));
  EXPECT_THAT(bench.read("attempt/artifacts.json"), HasSubstr(R"({"bytes":2,"path":"out/deep/b.txt"})"));
  EXPECT_THAT(bench.log.all(), HasSubstr("no file matches the artifact glob \"none-*\""));
}

TEST_F(TestStageTest, StopIsPassedOn) {
  bench.stop.request(StopReason::cancel, "cancelled by ana");
  EXPECT_THROW(run(one), Stopped);
}

}  // namespace
}  // namespace quietgate
