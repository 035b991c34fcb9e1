// Real processes under real leaders.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "tests/support/leaders_world.h"

namespace quietgate {

namespace {

using How = StepExit::How;
using ::testing::HasSubstr;

Task<void> into(LedSteps& steps, LedStep spec, Stop& stop, std::optional<StepExit>& exit) {
  auto answer = co_await steps.run(std::move(spec), stop);
  if (answer) exit = *answer;
}

Task<void> expect_stopped(LedSteps& steps, LedStep spec, Stop& stop, bool& thrown) {
  try {
    auto answer = co_await steps.run(std::move(spec), stop);
    ADD_FAILURE() << "nothing was thrown: " << (answer ? describe(*answer) : answer.error().message);
  } catch (const Stopped&) {
    thrown = true;
  }
}

class LedStepsTest : public LeadersWorld {
 protected:
  // A process that runs the step as a runner does, and waits for it.
  static pid_t fork_runner(const LedStep& what) {
    const auto pid = ::fork();
    if (pid != 0) return pid;
    boost::asio::io_context theirs;
    LedSteps runner(theirs.get_executor());
    Stop stop;
    std::optional<StepExit> exit;
    spawn(theirs.get_executor(), into(runner, what, stop, exit), [](std::exception_ptr) {});
    theirs.run();
    ::_exit(0);
  }
  static void kill_and_reap(pid_t pid) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  static pid_t leader_of(const LedStep& what) {
    const auto history = StepRecord(what.record).read();
    return history && history->led ? history->led->leader : -1;
  }
};

TEST_F(LedStepsTest, RunsAStepToItsEndAndWritesItsLogAsPrinted) {
  const auto exit = run(spec("echo one; echo two >&2; printf three"));
  EXPECT_TRUE(exit.succeeded()) << describe(exit) << exit.detail;
  EXPECT_EQ(read("log"), "one\ntwo\nthree");
  EXPECT_TRUE(exit.log_complete);
  EXPECT_GE(exit.ended, exit.started);
  EXPECT_GT(exit.started.time_since_epoch().count(), 1'600'000'000'000);
}

TEST_F(LedStepsTest, TellsHowItEnded) {
  EXPECT_EQ(describe(run(spec("exit 3", "a"))), "exit status 3");
  EXPECT_EQ(describe(run(spec("kill -KILL $$", "b"))), "killed by SIGKILL");
}

TEST_F(LedStepsTest, RunsOncePerDirectory) {
  const auto once = spec("echo ran; exit 7");
  const auto first = run(once);
  const auto second = run(once);
  EXPECT_EQ(read("log"), "ran\n");
  EXPECT_EQ(second.code, 7);
  EXPECT_EQ(second.started, first.started);
}

TEST_F(LedStepsTest, InheritsNothing) {
  ::setenv("QUIETGATE_LEAK", "leaked", 1);
  const int leak = ::open("/dev/null", O_RDONLY);  // without close-on-exec
  ::signal(SIGUSR1, SIG_IGN);
  auto what = spec(
      "/usr/bin/env | sort; ls /proc/self/fd | wc -l; readlink /proc/self/fd/0; grep -E 'Sig(Blk|Ign)' "
      "/proc/self/status");
  what.environment.erase("QUIETGATE_TEST");
  const auto exit = run(what);
  ::signal(SIGUSR1, SIG_DFL);
  ::close(leak);
  ::unsetenv("QUIETGATE_LEAK");
  EXPECT_TRUE(exit.succeeded());
  const auto log = read("log");
  EXPECT_THAT(log, ::testing::Not(HasSubstr("LEAK")));
  EXPECT_THAT(log, ::testing::MatchesRegex("PATH=/usr/bin:/bin\nPWD=[^\n]*\nQUIETGATE_STEP=[0-9a-f]*\n"
                                           "4\n/dev/null\n"
                                           "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"));
}

TEST_F(LedStepsTest, HidesSecretsHoweverTheyAreCut) {
  auto what = spec("printf 'a top-'; sleep 0.1; printf 'secret z\\n'; echo $TOKEN >&2");
  what.environment["TOKEN"] = "top-secret";
  what.secrets = {"top-secret"};
  EXPECT_TRUE(run(what).succeeded());
  EXPECT_EQ(read("log"), "a *** z\n***\n");
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (!file.is_regular_file()) continue;
    EXPECT_THAT(read(file.path()), ::testing::Not(HasSubstr("top-secret"))) << file.path();
  }
}

TEST_F(LedStepsTest, ALogEndsAtItsLimitAndTheStepGoesOn) {
  processes->limit_logs(64 << 10);
  const auto exit = run(spec("head -c 200000 /dev/zero | tr '\\0' x; exit 3"));
  EXPECT_EQ(exit.how, StepExit::How::exited);
  EXPECT_EQ(exit.code, 3);
  EXPECT_FALSE(exit.log_complete);
  EXPECT_EQ(exit.detail, "134464 bytes of the log were lost: it reached its limit of 64 KiB");
  EXPECT_EQ(read("log"),
            std::string(64 << 10, 'x') + "\n[quietgate: the log reached its limit of 64 KiB: the rest is not kept]\n");
}

TEST_F(LedStepsTest, StandardOutputMayGoToAFileOfItsOwn) {
  auto what = spec("echo out hidden; echo err >&2");
  what.output = folder + "/out";
  what.secrets = {"hidden"};
  EXPECT_TRUE(run(what).succeeded());
  EXPECT_EQ(read("out"), "out ***\n");
  EXPECT_EQ(read("log"), "err\n");
}

TEST_F(LedStepsTest, SaysWhyAStepCouldNotBeStarted) {
  auto start = [&](const std::string& name, const std::string& program, const std::string& working_directory) {
    auto what = spec("", name);
    what.argv = {program};
    if (!working_directory.empty()) what.working_directory = working_directory;
    const auto exit = run(what);
    EXPECT_EQ(exit.how, How::not_started);
    return describe(exit);
  };
  write("text", "echo no first line\n");
  std::filesystem::permissions(folder + "/text", std::filesystem::perms(0755));
  write("plain", "x");
  EXPECT_EQ(start("a", "no-such-program", ""),
            "could not be started: no-such-program is in no folder of PATH (/usr/bin:/bin)");
  EXPECT_EQ(start("b", "./none", ""),
            "could not be started: ./none: no such file, or the interpreter that its first line names is missing");
  EXPECT_EQ(start("c", "./plain", ""), "could not be started: ./plain: Permission denied");
  EXPECT_THAT(start("d", "./text", ""), HasSubstr("./text is neither a program nor a script"));
  EXPECT_EQ(start("e", "true", folder + "/gone"), "could not be started: the working directory " + folder +
                                                      "/gone can't be entered: No such file or directory");
}

TEST_F(LedStepsTest, ALogThatCannotBeOpenedIsOurError) {
  auto what = spec("echo ran > ran");
  what.log = folder + "/none/log";
  Stop stop;
  const auto exit = wait_for(processes->run(what, stop));
  ASSERT_FALSE(exit);
  EXPECT_EQ(exit.error().kind, ErrorKind::infrastructure);
  EXPECT_THAT(exit.error().message, HasSubstr("could not begin: " + folder + "/none/log: No such file or directory"));
  EXPECT_FALSE(exists("ran"));
  // Nothing was begun: once the cause is gone, it runs.
  std::filesystem::create_directory(folder + "/none");
  EXPECT_TRUE(run(what).succeeded());
}

TEST_F(LedStepsTest, EndsWhatAStepLeavesRunning) {
  const auto began = std::chrono::steady_clock::now();
  auto polite = spec("sleep 1000 & setsid sleep 1000 & (setsid sleep 1000 >/dev/null 2>&1 &); exit 0", "polite");
  polite.grace = Milliseconds(60'000);
  auto exit = run(polite);
  EXPECT_TRUE(exit.succeeded());
  EXPECT_THAT(exit.detail, HasSubstr("that the step left running were ended"));
  EXPECT_TRUE(marked().empty());
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(30)) << "a grace was waited out";
  exit = run(spec("(trap '' TERM HUP INT; setsid sh -c 'while :; do sleep 0.01; done' &) ; sleep 0.1", "stubborn"));
  EXPECT_TRUE(exit.succeeded());
  EXPECT_TRUE(marked().empty());
}

TEST_F(LedStepsTest, AStepThatClosesItsOutputIsWaitedFor) {
  EXPECT_EQ(run(spec("echo early; exec >&- 2>&-; sleep 0.2; exit 4")).code, 4);
  EXPECT_EQ(read("log"), "early\n");
}

TEST_F(LedStepsTest, BytesArePassedOnAsTheyAre) {
  EXPECT_TRUE(run(spec("printf 'a\\000b\\377\\376c'; head -c 8000000 /dev/zero | tr '\\0' x")).succeeded());
  EXPECT_EQ(read("log"), std::string("a\0b\xff\xfe"
                                     "c",
                                     6) +
                             std::string(8'000'000, 'x'));
}

TEST_F(LedStepsTest, ACancelEndsTheStepInOrder) {
  const auto what = spec("trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.02; done");
  Stop stop;
  bool thrown = false;
  spawn(io.get_executor(), expect_stopped(*processes, what, stop, thrown), [](std::exception_ptr) {});
  ASSERT_TRUE(until([&] { return read("log") == "ready\n"; }));
  stop.request(StopReason::cancel, "cancelled by ana");
  ASSERT_TRUE(until([&] { return thrown; }));
  EXPECT_TRUE(read("log").ends_with("bye\n"));  // the shell may say that its sleep was ended
  EXPECT_EQ(run(what).code, 5) << "the exit is recorded";
  EXPECT_TRUE(marked().empty());
}

TEST_F(LedStepsTest, AStepThatIgnoresTheOrderIsKilledAfterItsGrace) {
  auto what =
      spec("trap '' TERM; setsid sh -c 'while :; do sleep 0.02; done' & echo ready; while :; do sleep 0.02; done");
  what.grace = Milliseconds(200);
  Stop stop;
  bool thrown = false;
  spawn(io.get_executor(), expect_stopped(*processes, what, stop, thrown), [](std::exception_ptr) {});
  ASSERT_TRUE(until([&] { return read("log") == "ready\n"; }));
  stop.request(StopReason::timeout, "timed out");
  ASSERT_TRUE(until([&] { return thrown; }));
  EXPECT_EQ(describe(run(what)), "killed by SIGKILL");
  EXPECT_TRUE(marked().empty());
}

TEST_F(LedStepsTest, NothingIsBegunAfterAStop) {
  Stop stop;
  stop.request(StopReason::cancel, "no");
  EXPECT_THROW(wait_for(processes->run(spec("echo ran"), stop)), Stopped);
  EXPECT_FALSE(exists("log"));
}

TEST_F(LedStepsTest, AShutdownLeavesTheStepAndTheNextRunnerAdoptsIt) {
  const auto what = spec("echo one; while [ ! -e go ]; do sleep 0.01; done; echo two; exit 6");
  Stop stop;
  bool thrown = false;
  spawn(io.get_executor(), expect_stopped(*processes, what, stop, thrown), [](std::exception_ptr) {});
  ASSERT_TRUE(until([&] { return read("log") == "one\n"; }));
  stop.request(StopReason::shutdown, "stopping");
  ASSERT_TRUE(until([&] { return thrown; }));
  processes = std::make_unique<LedSteps>(io.get_executor());
  EXPECT_FALSE(processes->status(what.record).value()) << "it runs";
  write("go", "");
  EXPECT_EQ(run(what).code, 6);
  EXPECT_EQ(read("log"), "one\ntwo\n");
}

// A runner of its own that is killed: the leader is nobody's child then.
TEST_F(LedStepsTest, AKilledRunnerLosesNothing) {
  const auto what = spec("i=0; while [ $i -lt 100 ]; do echo $i; i=$((i+1)); sleep 0.005; done; exit 9");
  const auto pid = fork_runner(what);
  ASSERT_TRUE(until([&] { return read("log").find("\n20\n") != std::string::npos; }));
  kill_and_reap(pid);
  EXPECT_EQ(run(what).code, 9);
  std::string all;
  for (int i = 0; i < 100; ++i) all += std::to_string(i) + "\n";
  EXPECT_EQ(read("log"), all);
}

TEST_F(LedStepsTest, ARunnerKilledAtAnyMomentRunsTheStepOnce) {
  for (int moment = 0; moment < 40; ++moment) {
    auto what = spec("echo ran; sleep 0.003; exit 3", "moment-" + std::to_string(moment));
    what.log = folder + "/log-" + std::to_string(moment);
    const auto pid = fork_runner(what);
    ::usleep(static_cast<useconds_t>(moment) * 250);
    kill_and_reap(pid);
    EXPECT_EQ(run(what).code, 3) << moment;
    EXPECT_EQ(read(what.log), "ran\n") << moment;
  }
}

TEST_F(LedStepsTest, AKilledLeaderIsToldAndItsProcessesAreEnded) {
  const auto what = spec(
      "setsid sh -c 'env -u QUIETGATE_STEP sleep 1000' & echo ready; trap '' TERM HUP PIPE; while :; do sleep 0.02; "
      "done");
  std::optional<StepExit> exit;
  Stop stop;
  spawn(io.get_executor(), into(*processes, what, stop, exit), [](std::exception_ptr) {});
  ASSERT_TRUE(until([&] { return read("log") == "ready\n"; }));
  ASSERT_GE(marked().size(), 2U);
  ::kill(leader_of(what), SIGKILL);
  ASSERT_TRUE(until([&] { return exit.has_value(); }));
  EXPECT_EQ(exit->how, How::leader_died);
  EXPECT_THAT(exit->detail, HasSubstr("killed by SIGKILL"));
  EXPECT_TRUE(marked().empty()) << exit->detail;
  EXPECT_EQ(run(what).detail, exit->detail) << "recorded once";
}

TEST_F(LedStepsTest, ALeaderKilledWhileNoRunnerLivesIsFoundByTheNext) {
  const auto what = spec("setsid sleep 1000 & echo ready; sleep 1000");
  const auto pid = fork_runner(what);
  ASSERT_TRUE(until([&] { return read("log") == "ready\n"; }));
  kill_and_reap(pid);
  ::kill(leader_of(what), SIGKILL);
  ASSERT_TRUE(until([&] { return processes->status(what.record).value().has_value(); }));
  EXPECT_EQ(processes->status(what.record).value()->how, How::leader_died);
  EXPECT_EQ(run(what).how, How::leader_died);
  EXPECT_TRUE(marked().empty());
}

TEST_F(LedStepsTest, DamagedRecordsAreToldAndNeverRunTwice) {
  const auto what = spec("echo ran");
  run(what);
  ASSERT_TRUE(leader_ends(what));
  const auto good = read("step.step");
  const auto ended = good.rfind("{\"how\"");
  ASSERT_NE(ended, std::string::npos) << good;
  write("step.step", good.substr(0, ended) + "{\"how\": 5}\n");
  auto exit = run(what);
  EXPECT_EQ(exit.how, How::leader_died);
  EXPECT_THAT(exit.detail, HasSubstr("step.step is damaged in line 3"));
  EXPECT_EQ(run(what).detail, exit.detail) << "recorded once, behind the damage";
  // Torn by a power failure: what has no end of line was never written, but the step had begun.
  write("step.step", good.substr(0, ended + 9));
  exit = run(what);
  EXPECT_EQ(exit.how, How::leader_died);
  EXPECT_THAT(exit.detail, HasSubstr("was gone before it recorded an end"));
  write("step.step", "{\"version\"");
  exit = run(what);
  EXPECT_EQ(exit.how, How::leader_died);
  EXPECT_THAT(exit.detail, HasSubstr("its first line has no end"));
  EXPECT_EQ(read("log"), "ran\n");
}

TEST_F(LedStepsTest, AServiceIsStartedOnceAskedForAndEnded) {
  const auto what = spec("echo up; while :; do sleep 0.02; done", "service");
  Stop stop;
  EXPECT_FALSE(processes->status(what.record));
  ASSERT_TRUE(wait_for(processes->start(what, stop)));
  ASSERT_TRUE(wait_for(processes->start(what, stop)));
  EXPECT_FALSE(processes->status(what.record).value());
  ASSERT_TRUE(until([&] { return read("log") == "up\n"; }));
  ASSERT_TRUE(wait_for(processes->end(what.record, stop)));
  EXPECT_EQ(describe(*processes->status(what.record).value()), "killed by SIGTERM");
  EXPECT_TRUE(marked().empty());
  ASSERT_TRUE(wait_for(processes->end(what.record, stop)));
  ASSERT_TRUE(wait_for(processes->start(what, stop))) << "it was started before";
  EXPECT_EQ(read("log"), "up\n");
  ASSERT_TRUE(wait_for(processes->end(folder + "/never", stop)));
}

// A pidfd tells twice: its process ended, and it was reaped. The second must not pass for the end of another.
TEST_F(LedStepsTest, OneProcessEndedIsNotTakenForAnother) {
  for (int round = 0; round < 20; ++round) {
    const auto service = spec("sleep 600", "service" + std::to_string(round));
    const auto step = spec("echo begun >begun" + std::to_string(round) + "; sleep 600", "step" + std::to_string(round));
    Stop stop;
    Stop never;
    ASSERT_TRUE(wait_for(processes->start(service, never)));
    bool thrown = false;
    spawn(io.get_executor(), expect_stopped(*processes, step, stop, thrown), [](std::exception_ptr) {});
    ASSERT_TRUE(until([&] { return exists("begun" + std::to_string(round)); }));
    stop.request(StopReason::cancel, "enough");
    while (!thrown && io.run_one() > 0) {
    }
    ASSERT_TRUE(wait_for(processes->end(service.record, never)));
    EXPECT_TRUE(StepRecord(folder + "/service" + std::to_string(round) + ".step").read()->exit)
        << "the leader was not waited for";
  }
}

TEST_F(LedStepsTest, ALeaderWhoseRecordIsGoneEnds) {
  const auto what = spec("echo begun >begun; exec sleep 600");
  Stop never;
  ASSERT_TRUE(wait_for(processes->start(what, never)));
  const auto leader = leader_of(what);
  const auto begun = StepRecord(what.record).read();
  ASSERT_TRUE(begun && begun->led);
  const auto step = begun->led->step;
  std::filesystem::remove(what.record);
  ::kill(step, SIGKILL);
  EXPECT_TRUE(until([&] { return ::kill(leader, 0) != 0; })) << "it waits for a disk that takes its status";
}

TEST_F(LedStepsTest, AServiceThatCannotStartSaysSo) {
  auto what = spec("", "service");
  what.argv = {"no-such-server"};
  Stop stop;
  for (int twice = 0; twice < 2; ++twice) {
    const auto started = wait_for(processes->start(what, stop));
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().message,
              "no-such-server could not be started: no-such-server is in no folder of PATH (/usr/bin:/bin)");
  }
}

TEST_F(LedStepsTest, WhatIsKeptGoesOnPrintingMasked) {
  auto what = spec("sh -c 'while [ ! -e go ]; do sleep 0.01; done; echo later hidden; echo done' & echo first");
  what.keep_descendants = true;
  what.secrets = {"hidden"};
  const auto exit = run(what);
  EXPECT_TRUE(exit.succeeded());
  EXPECT_EQ(exit.detail, "");
  EXPECT_EQ(read("log"), "first\n");
  EXPECT_FALSE(marked().empty());
  write("go", "");
  EXPECT_TRUE(until([&] { return marked().empty(); }));
  EXPECT_TRUE(until([&] { return read("log") == "first\nlater ***\ndone\n"; })) << read("log");
}

TEST_F(LedStepsTest, WhatIsKeptIsEndedByACancel) {
  auto what = spec("sleep 1000 & echo ready; sleep 1000");
  what.keep_descendants = true;
  Stop stop;
  bool thrown = false;
  spawn(io.get_executor(), expect_stopped(*processes, what, stop, thrown), [](std::exception_ptr) {});
  ASSERT_TRUE(until([&] { return read("log") == "ready\n"; }));
  stop.request(StopReason::cancel, "no");
  ASSERT_TRUE(until([&] { return thrown; }));
  EXPECT_TRUE(marked().empty());
}

TEST_F(LedStepsTest, AFullDiskLosesLogAndNothingElse) {
  const auto disk = folder + "/disk";
  std::filesystem::create_directory(disk);
  if (::mount("none", disk.c_str(), "tmpfs", 0, "size=256k") != 0) GTEST_SKIP() << "NOT TESTED: mounting needs root";
  auto what = spec(
      "head -c 600000 /dev/zero | tr '\\0' x; echo > full; while [ ! -e go ]; do sleep 0.01; done; echo after; exit 3");
  what.record = disk + "/step.step";
  what.log = disk + "/log";
  names.back() = what.record;
  std::optional<StepExit> exit;
  Stop stop;
  write("disk/ballast", std::string(20'000, 'b'));
  spawn(io.get_executor(), into(*processes, what, stop, exit), [](std::exception_ptr) {});
  EXPECT_TRUE(until([&] { return exists("full"); }));
  // All is printed; what the pipe still holds meets the full disk before there is space again.
  EXPECT_TRUE(until([&] { return std::filesystem::file_size(disk + "/log") > 180'000; }));
  io.run_for(Milliseconds(100));
  std::filesystem::remove(disk + "/ballast");
  write("go", "");
  EXPECT_TRUE(until([&] { return exit.has_value(); }));
  const auto log = read(what.log);
  names.clear();
  ::umount2(disk.c_str(), MNT_DETACH);
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->code, 3);
  EXPECT_FALSE(exit->log_complete);
  const auto kept = log.find('\n');
  const auto lost = std::to_string(600'000 - kept);
  EXPECT_EQ(exit->detail, lost + " bytes of the log were lost: No space left on device");
  EXPECT_EQ(log.substr(kept), "\n[quietgate: " + lost + " bytes of log lost: No space left on device]\nafter\n");
}

TEST_F(LedStepsTest, ManyAtOnceLeaveNoZombie) {
  int done = 0;
  Stop stop;
  std::vector<std::optional<StepExit>> exits(24);
  for (std::size_t i = 0; i < exits.size(); ++i) {
    spawn(io.get_executor(), into(*processes, spec("exit " + std::to_string(i), std::to_string(i)), stop, exits[i]),
          [&](std::exception_ptr) { ++done; });
  }
  ASSERT_TRUE(until([&] { return done == 24; }));
  for (std::size_t i = 0; i < exits.size(); ++i) EXPECT_EQ(exits[i]->code, static_cast<int>(i));
  // A leader ends behind its step's status: it is reaped then.
  const auto zombies = [] {
    const auto all = all_processes();
    return std::count_if(all.begin(), all.end(), [](const auto& p) { return p.parent == ::getpid() && p.dead(); });
  };
  EXPECT_TRUE(until([&] { return zombies() == 0; }));
}

}  // namespace

}  // namespace quietgate
