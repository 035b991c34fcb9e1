// Real processes under real leaders.
#include <fcntl.h>
#include <gmock/gmock.h>

#include "tests/support/processes_world.h"

namespace quietgate {

namespace {

using How = ProcessExit::How;
using ::testing::HasSubstr;

class Processes_ : public ProcessesWorld {};

TEST_F(Processes_, RunsAStepToItsEndAndWritesItsLogAsPrinted) {
  const auto exit = run(spec("echo one; echo two >&2; printf three"));
  EXPECT_TRUE(exit.succeeded()) << describe(exit) << exit.detail;
  EXPECT_EQ(read("log"), "one\ntwo\nthree");
  EXPECT_TRUE(exit.log_complete);
  EXPECT_GE(exit.ended, exit.started);
  EXPECT_GT(exit.started.time_since_epoch().count(), 1'600'000'000'000);
}

TEST_F(Processes_, TellsHowItEnded) {
  EXPECT_EQ(describe(run(spec("exit 3", "a"))), "exit status 3");
  EXPECT_EQ(describe(run(spec("kill -KILL $$", "b"))), "killed by SIGKILL");
}

TEST_F(Processes_, RunsOncePerDirectory) {
  const auto once = spec("echo ran; exit 7");
  const auto first = run(once);
  const auto second = run(once);
  EXPECT_EQ(read("log"), "ran\n");
  EXPECT_EQ(second.code, 7);
  EXPECT_EQ(second.started, first.started);
}

TEST_F(Processes_, InheritsNothing) {
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

}  // namespace

}  // namespace quietgate
