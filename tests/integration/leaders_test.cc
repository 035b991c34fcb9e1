// Leaders before their steps: where they come from, what becomes of those that wait, and steps of another boot.
#include <gmock/gmock.h>

#include "runner/adapters/leader_spawn.h"
#include "runner/leader/control_group.h"
#include "tests/support/processes_world.h"

namespace quietgate {

namespace {

using How = ProcessExit::How;
using Leaders = ProcessesWorld;

TEST_F(Leaders, AStepOfAnotherBootIsNotBegunAgain) {
  auto what = spec("echo ran");
  what.boot = "another-boot";
  const auto exit = run(what);
  EXPECT_EQ(exit.how, How::leader_died);
  EXPECT_EQ(exit.detail, "it is not known whether it began; the machine was started anew since");
  EXPECT_FALSE(exists("log"));
  what.boot = boot_id();
  EXPECT_EQ(run(what).detail, exit.detail) << "recorded once";
  auto other = spec("echo ran", "other");
  other.boot = boot_id();
  EXPECT_TRUE(run(other).succeeded());
}

// A living child of ours of that name; 0: there is none.
pid_t child_named(const std::string& name) {
  for (const auto& process : all_processes()) {
    std::string comm;
    std::ifstream file("/proc/" + std::to_string(process.pid) + "/comm");
    if (process.parent == ::getpid() && !process.dead() && std::getline(file, comm) && comm == name) return process.pid;
  }
  return 0;
}

TEST_F(Leaders, AWaitingLeaderThatWasKilledIsReplaced) {
  EXPECT_TRUE(run(spec("true", "first")).succeeded());
  pid_t waiting = 0;
  ASSERT_TRUE(until([&] { return (waiting = child_named("qg-waiting")) > 0; }));
  const auto title = read("/proc/" + std::to_string(waiting) + "/cmdline");  // quietgate-waiting ID
  const auto group = control_group_of(title.substr(title.find(' ') + 1, 32));
  ::kill(waiting, SIGKILL);
  ASSERT_TRUE(until([&] { return read_stat(waiting)->dead(); }));
  EXPECT_TRUE(run(spec("true", "second")).succeeded());
  EXPECT_FALSE(read_stat(waiting)) << "it was reaped";
  EXPECT_FALSE(std::filesystem::exists(group)) << "its control group went with it";
  // Asked to end before there is a step, it ends: the step that comes is not asked.
  ASSERT_TRUE(until([&] { return (waiting = child_named("qg-waiting")) > 0; }));
  ::kill(waiting, SIGTERM);
  ASSERT_TRUE(until([&] { return read_stat(waiting)->dead(); }));
  EXPECT_TRUE(run(spec("sleep 0.1", "third")).succeeded());
}

TEST_F(Leaders, OneThatIsKilledBeforeItsStepLeavesNoControlGroup) {
  EXPECT_TRUE(run(spec("true", "first")).succeeded());
  pid_t waiting = 0;
  ASSERT_TRUE(until([&] { return (waiting = child_named("qg-waiting")) > 0; }));
  ::kill(waiting, SIGSTOP);
  ASSERT_TRUE(until([&] { return read_stat(waiting)->state == 'T'; }));
  const auto what = spec("true", "second");
  std::optional<Result<ProcessExit>> exit;
  Stop stop;
  bool over = false;
  spawn(io.get_executor(), hold(processes->run(what, stop), exit), [&](std::exception_ptr) { over = true; });
  ASSERT_TRUE(until([&] { return StepRecord(record_of(what.name)).read()->asked.has_value(); }));
  const auto group = control_group_of(StepRecord(record_of(what.name)).read()->asked->id);
  ::kill(waiting, SIGKILL);
  ASSERT_TRUE(until([&] { return over; }));
  ASSERT_TRUE(exit && !*exit);
  EXPECT_THAT(exit->error().message, ::testing::HasSubstr("the step's leader ended before the step began"));
  EXPECT_FALSE(std::filesystem::exists(group)) << group;
  EXPECT_TRUE(run(what).succeeded()) << "nothing was begun: it may be";
}

TEST_F(Leaders, AStepThatRemovesItsRecordIsOverAndNotBegunAgain) {
  for (const std::string instead : {"true", "mkfifo step.step", "ln -s /etc/passwd step.step", "mkdir step.step"}) {
    const auto what = spec("echo ran >> ran; rm step.step; " + instead);
    Stop stop;
    const auto exit = wait_for(processes->run(what, stop));
    EXPECT_TRUE(!exit || exit->how == How::leader_died) << instead;
    const auto again = wait_for(processes->run(what, stop));
    EXPECT_TRUE(!again || again->how == How::leader_died) << instead;
    EXPECT_EQ(read("ran"), "ran\n") << instead;
    std::filesystem::remove_all(folder + "/step.step");
    std::filesystem::remove(folder + "/ran");
  }
}

TEST_F(Leaders, ALeaderWhoseRecordIsDamagedIsFoundAllTheSame) {
  const auto what = spec("echo begun > begun; sleep 1000");
  Stop stop;
  std::optional<Result<ProcessExit>> exit;
  bool over = false;
  spawn(io.get_executor(), hold(processes->run(what, stop), exit), [&](std::exception_ptr) { over = true; });
  ASSERT_TRUE(until([&] { return exists("begun"); }));
  {
    std::fstream record(record_of(what.name), std::ios::in | std::ios::out);
    record << "no JSON at all";
  }
  PosixProcesses next(io.get_executor());
  ASSERT_TRUE(wait_for(next.end(what.name, stop)));
  ASSERT_TRUE(until([&] { return over; }));
  ASSERT_TRUE(exit && *exit);
  EXPECT_EQ(describe(**exit), "killed by SIGTERM");
}

TEST_F(Leaders, TheSourceOfLeadersMayBeKilledOrStopped) {
  EXPECT_TRUE(run(spec("true", "first")).succeeded());
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(until([] { return child_named("qg-waiting") > 0; })) << "a leader that is just made still has its name";
    const auto source = child_named("qg-leaders");
    ASSERT_GT(source, 0);
    ::kill(source, round == 2 ? SIGSTOP : SIGKILL);
    ASSERT_TRUE(until([&] { return read_stat(source)->dead() || read_stat(source)->state == 'T'; }));
    // The one that waits already may serve; the next one needs a new source.
    EXPECT_TRUE(run(spec("true", std::to_string(round) + "-a")).succeeded());
    EXPECT_TRUE(run(spec("true", std::to_string(round) + "-b")).succeeded());
    EXPECT_FALSE(read_stat(source)) << "it was reaped";
  }
}

}  // namespace

}  // namespace quietgate
