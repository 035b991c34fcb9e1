#include "stages/test/test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/fake_steps.h"
#include "tests/support/inline_disk.h"
#include "tests/support/specs.h"
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
    return bench.await(TestStage(steps, disk).run(std::move(request)));
  }
  void report(const std::string& text) { bench.write("checkout/report.xml", text); }

  StageBench bench;
  FakeSteps steps;
  InlineDisk disk;
  TestSpec one{.commands = {{.shell = "python3 -m pytest -q"}}, .junit = "report.xml"};
};

TEST_F(TestStageTest, RunsShellAndArgvInTheCheckoutAndStopsAtTheFirstFailure) {
  std::filesystem::create_directories(bench.root + "/checkout/sub");
  steps.script = [](const StepSpec& spec) { return exited(spec.argv[0] == "make" ? 2 : 0, Milliseconds{2100}); };
  auto outcome =
      run({.commands = {{.shell = "true"}, {.argv = {"make", "test"}, .directory = "sub"}, {.shell = "no"}}});
  ASSERT_EQ(steps.ran.size(), 2U);
  EXPECT_THAT(steps.ran[0].argv,
              ElementsAre(EndsWith("/bash"), "-eo", "pipefail", "-O", "inherit_errexit", "-c", "true"));
  EXPECT_EQ(steps.ran[0].name, bench.step("1-run"));
  EXPECT_EQ(steps.ran[0].log, log_of(AttemptId{{"sample", 7}, "stage", 1}));
  EXPECT_EQ(steps.ran[0].secrets, std::vector<std::string>{"hunter22"});
  EXPECT_EQ(steps.ran[1].tree, std::filesystem::canonical(bench.root).string() + "/checkout/sub");
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_THAT(outcome.reason, HasSubstr("from \"make test\" after "));
  EXPECT_THAT(bench.log.lines, Contains("$ make test"));
}

TEST_F(TestStageTest, ALeaderThatDiedIsOurError) {
  steps.script = [](const StepSpec&) {
    StepExit exit;
    exit.how = StepExit::How::leader_died;
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
  EXPECT_TRUE(steps.ran.empty());
}

TEST_F(TestStageTest, FailingTestsFailEvenWhenTheCommandPassed) {
  steps.script = [this](const StepSpec&) {
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
  steps.script = [this](const StepSpec&) {
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
  steps.exits.clear();
  auto stale = run(one);
  EXPECT_EQ(stale.outcome, Outcome::failed);
  EXPECT_THAT(stale.reason, HasSubstr("report.xml existed when the commands began, and has not changed since"));

  steps.exits.clear();
  steps.script = [this](const StepSpec&) {
    report("<testsuite></testsuite>");
    return exited(0);
  };
  auto empty = run(one);
  EXPECT_EQ(empty.outcome, Outcome::failed);
  EXPECT_EQ(empty.reason, "the JUnit report holds no tests");

  steps.exits.clear();
  steps.script = [this](const StepSpec&) {
    report("<testsuite><testcase name='a'><skipped/></testcase><testcase name='b'><skipped/></testcase></testsuite>");
    return exited(0);
  };
  auto skipped = run(one);
  EXPECT_EQ(skipped.outcome, Outcome::failed);
  EXPECT_EQ(skipped.reason, "all 2 tests were skipped");
  EXPECT_EQ(skipped.tests, (TestCounts{0, 0, 2}));
}

// What was there before is nobody's result, whatever is done to its times; what is written is, whatever its times say.
TEST_F(TestStageTest, AReportIsThisAttemptsWhenItsBytesAre) {
  namespace fs = std::filesystem;
  const std::string old_report = "<testsuite><testcase name='old'/></testsuite>";
  const std::string new_report = "<testsuite><testcase name='new'/></testsuite>";  // as long
  const auto path = bench.root + "/checkout/report.xml";
  struct Case {
    const char* name;
    std::function<void()> commands;
    Outcome outcome;
  };
  const std::vector<Case> cases{
      {"nothing", [] {}, Outcome::failed},
      {"touched", [&] { fs::last_write_time(path, fs::file_time_type::clock::now() + std::chrono::hours(1)); },
       Outcome::failed},
      {"mode changed", [&] { fs::permissions(path, fs::perms::owner_all); }, Outcome::failed},
      {"copied up: another inode with the same bytes",
       [&] {
         fs::copy_file(path, path + ".new");
         fs::rename(path + ".new", path);
       },
       Outcome::failed},
      {"copied beside it", [&] { fs::copy_file(path, bench.root + "/checkout/report-2.xml"); }, Outcome::failed},
      {"moved to another name that matches",
       [&] {
         fs::copy_file(path, bench.root + "/checkout/report-2.xml");
         fs::remove(path);
       },
       Outcome::failed},
      {"a new link to it", [&] { fs::create_hard_link(path, bench.root + "/checkout/report-2.xml"); }, Outcome::failed},
      {"written with the old times",
       [&] {
         const auto times = fs::last_write_time(path);
         report(new_report);
         fs::last_write_time(path, times);
       },
       Outcome::passed},
      {"put in its place with times before the attempt",
       [&] {
         bench.write("checkout/made", new_report);
         fs::last_write_time(bench.root + "/checkout/made", fs::file_time_type::clock::now() - std::chrono::hours(48));
         fs::rename(bench.root + "/checkout/made", path);
       },
       Outcome::passed},
  };
  auto spec = one;
  spec.junit = "report*.xml";
  for (const auto& each : cases) {
    fs::remove_all(bench.root + "/attempt");
    fs::create_directories(bench.root + "/attempt");
    fs::remove(bench.root + "/checkout/report-2.xml");
    report(old_report);
    steps.exits.clear();
    steps.script = [&](const StepSpec&) {
      each.commands();
      return exited(0);
    };
    EXPECT_EQ(run(spec).outcome, each.outcome) << each.name << ": " << bench.log.all();
  }
}

// What was not looked at might be what failed.
TEST_F(TestStageTest, WhatMatchesAndCanNotBeLookedAtFails) {
  namespace fs = std::filesystem;
  const auto at = bench.root + "/checkout/r/a.xml";
  bench.write("outside.xml", "<testsuite><testcase name='a'/></testsuite>");
  const std::vector<std::pair<std::function<void()>, const char*>> cases{
      {[&] { fs::create_symlink(bench.root + "/outside.xml", at); }, "a link out of the tree"},
      {[&] { fs::create_symlink("absent", at); }, "a link that leads nowhere"},
      {[&] { ASSERT_EQ(::mkfifo(at.c_str(), 0600), 0); }, "no regular file (a FIFO, a socket or a device)"},
  };
  auto spec = one;
  spec.junit = "r/*.xml";
  for (const auto& [make, is] : cases) {
    fs::remove_all(bench.root + "/attempt");
    fs::create_directories(bench.root + "/attempt");
    fs::remove_all(bench.root + "/checkout/r");
    steps.exits.clear();
    steps.script = [&, &make = make](const StepSpec&) {
      bench.write("checkout/r/b.xml", "<testsuite><testcase name='b'/></testsuite>");
      make();
      return exited(0);
    };
    const auto outcome = run(spec);
    EXPECT_EQ(outcome.outcome, Outcome::failed);
    EXPECT_EQ(outcome.reason, std::string("r/a.xml matches \"r/*.xml\" but is ") + is);
  }
}

TEST_F(TestStageTest, AFolderThatMatchesIsToldInTheLog) {
  steps.script = [&](const StepSpec&) {
    bench.write("checkout/r/a.xml/b.xml", "<testsuite><testcase name='b'/></testsuite>");
    std::filesystem::create_directories(bench.root + "/checkout/r/c");
    return exited(0);
  };
  auto spec = one;
  spec.junit = "r/**";
  EXPECT_EQ(run(spec).outcome, Outcome::passed) << bench.log.all();
  EXPECT_THAT(bench.log.lines, Contains(EndsWith("more folders match \"r/**\": only files are read")));
}

TEST_F(TestStageTest, AFileWithManyLinksIsReadOnce) {
  steps.script = [this](const StepSpec&) {
    bench.write("checkout/out/1.xml", "<testsuite><testcase name='a'/></testsuite>");
    for (int i = 2; i < 10; ++i) {
      std::filesystem::create_hard_link(bench.root + "/checkout/out/1.xml",
                                        bench.root + "/checkout/out/" + std::to_string(i) + ".xml");
      std::filesystem::create_symlink("1.xml", bench.root + "/checkout/out/" + std::to_string(i) + "-link.xml");
    }
    return exited(0);
  };
  auto spec = one;
  spec.junit = "out/*.xml";
  EXPECT_EQ(run(spec).tests, (TestCounts{1, 0, 0, 0}));
}

TEST_F(TestStageTest, ReportsThatAreTooLargeTogetherFail) {
  steps.script = [this](const StepSpec&) {
    for (const char* name : {"checkout/1.xml", "checkout/2.xml"}) {
      bench.write(name, "<testsuite/>");
      std::filesystem::resize_file(bench.root + "/" + name, 64UL * 1024 * 1024);
    }
    bench.write("checkout/1.xml", "<testsuite><testcase name='a'/></testsuite>");
    return exited(0);
  };
  auto spec = one;
  spec.junit = "*.xml";
  auto outcome = run(spec);
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(outcome.reason, "the JUnit reports are too large together: 2.xml holds 64 MiB, and 63 MiB are left");
}

TEST_F(TestStageTest, FlakyNotRunAndMiscountedTestsAreSaid) {
  steps.script = [this](const StepSpec&) {
    report("<testsuite><testcase name='a'><flakyFailure message='timed out&#10;at b'/></testcase></testsuite>");
    return exited(0);
  };
  auto flaky = run(one);
  EXPECT_EQ(flaky.outcome, Outcome::passed);
  EXPECT_EQ(flaky.reason, "1 test passed, 1 of them flaky");
  EXPECT_THAT(bench.log.all(), HasSubstr("flaky: a\n  timed out\n  at b\n"));

  steps.exits.clear();
  steps.script = [this](const StepSpec&) {
    report("<testsuite><testcase name='a' status='notrun'/></testsuite>");
    return exited(0);
  };
  auto not_run = run(one);
  EXPECT_EQ(not_run.outcome, Outcome::failed);
  EXPECT_EQ(not_run.reason, "the only test was skipped");

  steps.exits.clear();
  steps.script = [this](const StepSpec&) {
    report("<testsuite tests='3' failures='0'><testcase name='a'><failure/></testcase></testsuite>");
    return exited(0);
  };
  auto miscounted = run(one);
  EXPECT_EQ(miscounted.outcome, Outcome::failed);
  EXPECT_EQ(miscounted.reason,
            "1 of 1 test failed: a; the report counts 3 tests, 0 failures; its cases are 1, 1 failed: the cases count");
  EXPECT_THAT(bench.log.all(), HasSubstr("report.xml: the report counts 3 tests"));
}

TEST_F(TestStageTest, PassesWithCounts) {
  steps.script = [this](const StepSpec&) {
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
  steps.script = [](const StepSpec&) { return exited(1); };
  auto outcome = run({.commands = {{.shell = "false"}}, .artifacts = {"out/**/*.txt", "none-*"}});
  EXPECT_EQ(outcome.outcome, Outcome::failed);
  EXPECT_EQ(bench.read("attempt/artifacts/out/deep/b.txt"), "bb");
  EXPECT_FALSE(std::filesystem::exists(bench.root + "/attempt/artifacts/out/c.txt"));
  EXPECT_THAT(bench.read("attempt/artifacts.json"),
              HasSubstr(R"({"path":"out/deep/b.txt","bytes":2,"mode":"0644","sha256":")"));
  EXPECT_THAT(bench.log.all(), HasSubstr("no file matches the artifact glob \"none-*\""));
}

TEST_F(TestStageTest, StopIsPassedOn) {
  bench.stop.request(StopReason::cancel, "cancelled by ana");
  EXPECT_THROW(run(one), Stopped);
}

// Bytes of before that pass are believed of nobody; a failure among them is, unless nothing was done to its file.
TEST_F(TestStageTest, ACommittedFailureThatIsWrittenAgainFails) {
  namespace fs = std::filesystem;
  const std::string failing = "<testsuite><testcase name='bad'><failure/></testcase></testsuite>";
  auto spec = one;
  spec.junit = "report*.xml";
  for (const bool again : {true, false}) {
    fs::remove_all(bench.root + "/attempt");
    fs::create_directories(bench.root + "/attempt");
    fs::remove(bench.root + "/checkout/report-2.xml");
    report(failing);
    steps.exits.clear();
    steps.script = [&](const StepSpec&) {
      bench.write("checkout/report-2.xml", "<testsuite><testcase name='good'/></testsuite>");
      if (again) {
        fs::remove(bench.root + "/checkout/report.xml");
        report(failing);
      }
      return exited(0);
    };
    const auto outcome = run(spec);
    EXPECT_EQ(outcome.outcome, again ? Outcome::failed : Outcome::passed) << outcome.reason;
    EXPECT_EQ(outcome.reason, again ? "1 of 2 tests failed: bad" : "1 test passed");
  }
}

}  // namespace
}  // namespace quietgate
