// Steps that do all they can to outlive their run, to end their leader, or to drown it. docs/leader.md says what holds.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include <stdexcept>

#include "runner/leader/control_group.h"
#include "tests/support/leaders_world.h"

namespace quietgate {

namespace {

using How = StepExit::How;
using ::testing::HasSubstr;

Task<void> into(LedSteps& steps, LedStep spec, Stop& stop, std::optional<StepExit>& exit, bool& over) {
  try {
    auto answer = co_await steps.run(std::move(spec), stop);
    if (answer) exit = *answer;
    if (!answer) ADD_FAILURE() << answer.error().message;
  } catch (const Stopped&) {
  }
  over = true;
}

// Where a step leaves its own control group, if it has one: what it does then must be held by the other means.
constexpr const char* leave_group =
    "for file in /sys/fs/cgroup/unified/cgroup.procs /sys/fs/cgroup/cgroup.procs; do\n"
    "  [ -w $file ] && echo $$ >$file 2>/dev/null\ndone\n";

class Hostile : public LeadersWorld {
 protected:
  // Whatever carries a word of this test in its command line, however well it hid otherwise.
  std::vector<ProcessStat> named() const {
    std::vector<ProcessStat> found;
    for (const auto& process : all_processes()) {
      if (process.dead() || process.pid == ::getpid()) continue;
      std::ifstream file("/proc/" + std::to_string(process.pid) + "/cmdline", std::ios::binary);
      std::ostringstream text;
      text << file.rdbuf();
      if (text.str().find(word()) != std::string::npos && text.str().find("quietgate-leader") == std::string::npos)
        found.push_back(process);
    }
    return found;
  }
  std::string word() const { return folder; }
  void TearDown() override {
    EXPECT_TRUE(until([&] { return named().empty(); })) << named().size() << " processes were left behind";
    for (const auto& process : named()) ::kill(process.pid, SIGKILL);
    for (const auto& name : names) {
      auto history = StepRecord(name).read();
      if (!history || !history->led || !is_control_group_of(history->led->group, history->asked->id)) continue;
      ADD_FAILURE() << history->led->group << " is still there";
      kill_control_group(history->led->group);
    }
    LeadersWorld::TearDown();
  }
  LedStep python(const std::string& script, const std::string& name = "step") {
    auto what = spec("", name);
    write(name + ".py", script);
    what.argv = {"/usr/bin/python3", folder + "/" + name + ".py"};
    return what;
  }
  StepLed led(const LedStep& what) {
    StepLed led;
    EXPECT_TRUE(until([&] {
      auto found = StepRecord(what.record).read();
      if (!found || !found->led) return false;
      led = *found->led;
      return true;
    }));
    return led;
  }
  // Begins the step; it goes on while the test does other things.
  void begin(const LedStep& what) {
    spawn(io.get_executor(), into(*processes, what, stop, exit, over), [](std::exception_ptr) {});
  }
  bool ends() {
    return until([&] { return over; });
  }

  static bool have_groups() {
    const auto group = make_control_group("test-" + std::to_string(::getpid()));
    remove_control_group(group);
    return !group.empty();
  }

  Stop stop;
  std::optional<StepExit> exit;
  bool over = false;
};

// A process of somebody else, with a session and a group of its own as a leader has. It descends from nobody here.
class Innocent {
 public:
  Innocent() {
    int adopts = 0;
    ::prctl(PR_GET_CHILD_SUBREAPER, &adopts);
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    int told[2];
    if (::pipe2(told, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const auto between = ::fork();
    if (between == 0) {
      const auto pid = ::fork();
      if (pid == 0) {
        ::setsid();
        ::execlp("sleep", "sleep", "1000", nullptr);
      }
      [[maybe_unused]] const auto put = ::write(told[1], &pid, sizeof pid);
      ::_exit(1);
    }
    ::waitpid(between, nullptr, 0);
    [[maybe_unused]] const auto got = ::read(told[0], &pid_, sizeof pid_);
    ::close(told[0]);
    ::close(told[1]);
    ::prctl(PR_SET_CHILD_SUBREAPER, static_cast<unsigned long>(adopts));
    for (int tries = 0; tries < 2000; ++tries) {
      const auto stat = read_stat(pid_);
      if (stat && stat->session == pid_) break;
      ::usleep(1000);
    }
  }
  ~Innocent() { ::kill(pid_, SIGKILL); }
  Innocent(const Innocent&) = delete;
  Innocent& operator=(const Innocent&) = delete;
  pid_t pid() const { return pid_; }
  std::uint64_t start() const { return read_stat(pid_)->start; }
  bool lives() const {
    const auto stat = read_stat(pid_);
    return stat && !stat->dead() && stat->state != 'T';
  }

 private:
  pid_t pid_ = -1;
};

TEST_F(Hostile, ARecycledPidIsNeitherAdoptedNorSignalled) {
  Innocent innocent;
  const auto what = spec("echo ran");
  const auto run_once = run(what);
  EXPECT_TRUE(run_once.succeeded());
  ASSERT_TRUE(leader_ends(what));
  // The leader died without a word, and its pid is another's now, and so is the step's.
  const auto pid = std::to_string(innocent.pid());
  const auto earlier = std::to_string(innocent.start() - 1);
  const auto text = read("step.step");
  const auto boot = StepRecord(what.record).read()->led->boot;
  write("step.step", text.substr(0, text.find('\n') + 1) + R"({"boot":")" + boot + R"(","leader":{"pid":)" + pid +
                         R"(,"start":)" + earlier + R"(},"step":{"pid":)" + pid + R"(,"start":)" + earlier + "}}\n");
  {
    // Somebody holds the lock: a leader that is just ending, perhaps. It is waited for, and nobody is signalled.
    auto lock = StepRecord(what.record).lock();
    ASSERT_TRUE(lock && *lock);
    stop.request(StopReason::cancel, "cancelled by ana");
    begin(what);
    io.restart();
    io.run_for(Milliseconds(300));
    EXPECT_FALSE(over) << "another's process was taken for the leader";
    EXPECT_TRUE(innocent.lives());
  }
  ASSERT_TRUE(ends());
  EXPECT_EQ(processes->status(what.record).value()->how, How::leader_died);
  EXPECT_TRUE(innocent.lives());
  EXPECT_EQ(read("log"), "ran\n") << "it must not run again";
}

TEST_F(Hostile, AStepMayEndItsOwnGroup) {
  EXPECT_EQ(describe(run(spec("(setsid sleep 1000 # " + word() + "\n) & sleep 0.1; kill -9 0"))), "killed by SIGKILL");
}

// It hides from all that a dead leader's processes are known by: the session, the environment and the parent.
constexpr const char* hide = R"(
import os, sys, time
if os.fork(): time.sleep(1000)
os.setsid()
if os.fork(): os._exit(0)
os.closerange(0, 256)
os.chdir('/')
os.execve('/bin/sh', ['/bin/sh', '-c', 'echo hidden > %/hidden; while :; do sleep 0.05; done # %'], {'PATH': '/bin:/usr/bin'})
)";

std::string filled(std::string text, const std::string& value) {
  for (auto at = text.find('%'); at != std::string::npos; at = text.find('%', at + value.size()))
    text.replace(at, 1, value);
  return text;
}

TEST_F(Hostile, WhatDaemonizedAndHidIsEndedWithItsStep) {
  auto script = filled(hide, folder);
  script.replace(script.find("time.sleep(1000)"), 16, "time.sleep(0.3); sys.exit(3)");
  auto what = python(script);
  EXPECT_EQ(run(what).code, 3);
  EXPECT_TRUE(exists("hidden"));
  EXPECT_TRUE(named().empty());
}

TEST_F(Hostile, WhatDaemonizedAndHidIsEndedWhenTheLeaderWasKilled) {
  if (!have_groups()) GTEST_SKIP() << "NOT TESTED: needs control groups (version 2) that this user may write to";
  const auto what = python(filled(hide, folder));
  begin(what);
  ASSERT_TRUE(until([&] { return exists("hidden"); }));
  const auto leader = led(what);
  ::kill(leader.leader, SIGKILL);
  ASSERT_TRUE(ends());
  EXPECT_EQ(exit->how, How::leader_died);
  EXPECT_TRUE(named().empty());
}

// Out of the control group, the session, the environment and the parents; then the leader is killed.
std::string leaves_and_kills() {
  return "import os, time\nfor line in open('/proc/self/mountinfo'):\n"
         "  if ' - cgroup2 ' in line: open(line.split()[4] + '/cgroup.procs', 'w').write('0')\nleader = "
         "os.getppid()\n" +
         std::string(
             "if os.fork():\n  while not os.path.exists('%/hidden'): time.sleep(0.01)\n  os.kill(leader, 9)\n"
             "  time.sleep(1000)\n") +
         std::string(hide).substr(std::string(hide).find("os.setsid()"));
}

TEST_F(Hostile, WhoLeavesEverythingAndKillsItsLeaderIsEndedToo) {
  if (!have_groups()) GTEST_SKIP() << "NOT TESTED: needs control groups (version 2) that this user may write to";
  auto what = python(filled(leaves_and_kills(), folder));
  what.grace = Milliseconds(300);
  const auto exit_of = run(what);
  EXPECT_EQ(exit_of.how, How::leader_died);
  EXPECT_THAT(exit_of.detail, HasSubstr("processes of the step were ended"));
  EXPECT_TRUE(exists("hidden"));
  EXPECT_TRUE(named().empty());
}

// What a step left on purpose may have hidden as well: nobody can tell the two apart, and it is named.
TEST_F(Hostile, WhatMayHaveBeenLeftOnPurposeIsNamedNotEnded) {
  if (!have_groups()) GTEST_SKIP() << "NOT TESTED: needs control groups (version 2) that this user may write to";
  const auto what = python(filled(leaves_and_kills(), folder));
  write("step.py",
        "import os, time\nwhile not os.path.exists('" + folder + "/go'): time.sleep(0.01)\n" + read("step.py"));
  begin(what);
  const auto leader = led(what);
  auto kept = spec("exit 0", "kept");
  kept.keep_descendants = true;
  EXPECT_TRUE(run(kept).succeeded());
  write("go", "");
  ASSERT_TRUE(ends());
  EXPECT_EQ(exit->how, How::leader_died);
  EXPECT_THAT(exit->detail, HasSubstr("1 that may be the step's, or left by another, run on: "));
  EXPECT_THAT(exit->detail, HasSubstr(" (sh)"));
  ASSERT_EQ(named().size(), 1u);
  ::kill(named().front().pid, SIGKILL);
  EXPECT_TRUE(until([&] { return named().empty(); }));
  EXPECT_GT(leader.leader, 0);
}

TEST_F(Hostile, WhatAnotherStepLeftOnPurposeIsNotTakenForAnEscape) {
  auto kept =
      spec("setsid sh -c 'while [ ! -e done ]; do sleep 0.02; done # " + word() + "' >/dev/null 2>&1 & exit 0", "kept");
  kept.keep_descendants = true;
  EXPECT_TRUE(run(kept).succeeded());
  EXPECT_EQ(run(spec("kill -9 $PPID; sleep 1000")).how, How::leader_died);
  EXPECT_EQ(named().size(), 1u);
  write("done", "");
  EXPECT_TRUE(until([&] { return named().empty(); }));
}

// Whoever leaves is our child, and its end is ours to be told of.
TEST_F(Hostile, WhatWasLeftBehindLeavesNoZombie) {
  auto kept =
      spec("setsid sh -c 'while [ ! -e done ]; do sleep 0.02; done # " + word() + "' >/dev/null 2>&1 & exit 0", "kept");
  kept.keep_descendants = true;
  EXPECT_TRUE(run(kept).succeeded());
  ASSERT_TRUE(leader_ends(kept));
  write("done", "");
  ASSERT_TRUE(until([&] { return named().empty(); }));
  for (int i = 0; i < 3; ++i) run(spec("exit 0", "next" + std::to_string(i)));
  const auto dead = [] {
    const auto all = all_processes();
    return std::count_if(all.begin(), all.end(), [](const auto& p) { return p.parent == ::getpid() && p.dead(); });
  };
  EXPECT_TRUE(until([&] { return dead() == 0; }));
}

TEST_F(Hostile, WhoKillsItsLeaderIsEndedToo) {
  const auto what = spec("setsid sleep 1000 & kill -9 $PPID; echo after; while :; do sleep 0.1; done # " + word());
  const auto exit_of = run(what);
  EXPECT_EQ(exit_of.how, How::leader_died);
  EXPECT_THAT(describe(exit_of), HasSubstr("leader died: process "));
  EXPECT_TRUE(named().empty());
}

TEST_F(Hostile, WhoAsksItsLeaderToEndIsEndedInOrder) {
  const auto exit_of = run(spec("trap 'exit 6' TERM; kill $PPID; while :; do sleep 0.02; done"));
  EXPECT_EQ(describe(exit_of), "exit status 6");
}

TEST_F(Hostile, WhoStopsItsLeaderIsEndedByACancel) {
  auto what = spec("kill -STOP $PPID; echo stopped > stopped; while :; do sleep 0.02; done");
  begin(what);
  ASSERT_TRUE(until([&] { return exists("stopped"); }));
  stop.request(StopReason::timeout, "timed out");
  EXPECT_TRUE(ends()) << "a stopped leader hears no order";
  ::kill(led(what).leader, SIGCONT);
  EXPECT_TRUE(marked().empty());
}

TEST_F(Hostile, WhoStopsItselfIsEndedByACancel) {
  begin(spec("trap 'exit 7' TERM; echo stopped > stopped; kill -STOP $$; while :; do sleep 0.02; done"));
  ASSERT_TRUE(until([&] { return exists("stopped"); }));
  stop.request(StopReason::timeout, "timed out");
  ASSERT_TRUE(ends());
  EXPECT_EQ(processes->status(names.back()).value()->code, 7) << "it was woken for its last words";
}

// Each generation lives for a moment: whoever looks at a list of processes sees one that is gone already.
constexpr const char* chain = R"(
use POSIX;
my ($mark, $how) = @ARGV;
open(my $begun, '>', "$mark/begun");
if ($how !~ /stay/ && fork) { select(undef, undef, undef, 0.2); POSIX::_exit(5); }
while (1) {
  if (fork) { POSIX::_exit(0); }
  POSIX::setsid() if $how =~ /sessions/;
}
)";

class Chains : public Hostile {
 protected:
  // `without`: of a control group.
  LedStep chain_of(const std::string& how, bool without) {
    auto what = spec("", how);
    write("chain.pl", chain);
    const auto program = "exec /usr/bin/perl " + folder + "/chain.pl " + folder + " " + how;
    what.argv = {"/bin/sh", "-c", (without ? leave_group : "") + program};
    what.grace = Milliseconds(300);
    return what;
  }
  void is_ended_with_its_step(const std::string& how, bool without) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(run(chain_of(how, without)).code, 5);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
    EXPECT_TRUE(named().empty());
  }
  void is_ended_without_its_leader(const std::string& how, bool without) {
    const auto what = chain_of(how, without);
    begin(what);
    ASSERT_TRUE(until([&] { return exists("begun"); }));
    ::kill(led(what).leader, SIGKILL);
    // The loop must go on meanwhile: it is the whole service's.
    auto longest = Milliseconds(0);
    auto last = std::chrono::steady_clock::now();
    const bool ended = until([&] {
      const auto now = std::chrono::steady_clock::now();
      longest = std::max(longest, std::chrono::duration_cast<Milliseconds>(now - last));
      last = now;
      return over;
    });
    EXPECT_TRUE(ended);
    EXPECT_LT(longest, Milliseconds(1000)) << "the loop was held up";
    EXPECT_TRUE(named().empty());
  }
};

TEST_F(Chains, AChainOfForksIsEndedWithItsStep) {
  is_ended_with_its_step("forks", true);
}

TEST_F(Chains, AChainOfSessionsIsEndedWithItsStep) {
  if (!have_groups()) GTEST_SKIP() << "NOT TESTED: needs control groups (version 2) that this user may write to";
  is_ended_with_its_step("sessions", false);
}

TEST_F(Chains, AChainOfForksIsEndedThoughItsLeaderWasKilled) {
  is_ended_without_its_leader("stay", true);
}

TEST_F(Chains, AChainOfSessionsIsEndedThoughItsLeaderWasKilled) {
  if (!have_groups()) GTEST_SKIP() << "NOT TESTED: needs control groups (version 2) that this user may write to";
  is_ended_without_its_leader("stay-sessions", false);
}

TEST_F(Hostile, TwoHundredStubbornChildrenAreEnded) {
  auto what = spec("i=0; while [ $i -lt 200 ]; do (trap '' TERM HUP INT; while :; do sleep 5; done # " + word() +
                   "\n) & i=$((i+1)); done; exit 8");
  what.grace = Milliseconds(300);
  const auto began = std::chrono::steady_clock::now();
  const auto exit_of = run(what);
  EXPECT_EQ(exit_of.code, 8);
  EXPECT_THAT(exit_of.detail, HasSubstr("that the step left running were ended"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(15));
  EXPECT_TRUE(marked().empty());
}

TEST_F(Hostile, ItsWorkingDirectoryMayGo) {
  std::filesystem::create_directories(folder + "/work");
  auto what = spec("cd .. && rm -rf work && echo gone && cd / && echo on; exit 2");
  what.working_directory = folder + "/work";
  EXPECT_EQ(run(what).code, 2);
  EXPECT_EQ(read("log"), "gone\non\n");
}

TEST_F(Hostile, ItHasNoTerminal) {
  EXPECT_TRUE(run(spec("if (echo x >/dev/tty) 2>/dev/null; then exit 1; fi; [ ! -t 0 ] && [ ! -t 1 ]")).succeeded());
}

TEST_F(Hostile, AZombieIsReaped) {
  EXPECT_EQ(run(python("import os, time\nif os.fork() == 0: os._exit(0)\ntime.sleep(0.2)\nos._exit(4)\n")).code, 4);
}

TEST_F(Hostile, OutputThatAnotherHoldsOpenEndsWithTheStep) {
  auto what = python(
      "import os, signal, sys, time\nprint('first', flush=True)\n"
      "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nif os.fork(): time.sleep(0.1); os._exit(4)\nos.setsid()\n"
      "while True: time.sleep(0.01); os.write(1, b'later\\n')\n");
  what.grace = Milliseconds(300);
  EXPECT_EQ(run(what).code, 4);
  EXPECT_TRUE(read("log").starts_with("first\nlater\n"));
  EXPECT_TRUE(read("log").ends_with("later\n"));
}

std::int64_t peak_of(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6));
  }
  return -1;
}

// One line of that length, or many: the leader keeps neither.
TEST_F(Hostile, AGigabyteIsKeptWholeAndHeldNowhere) {
  struct statvfs facts = {};
  ASSERT_EQ(::statvfs(folder.c_str(), &facts), 0);
  constexpr std::uintmax_t size = 1U << 30;
  if (static_cast<std::uintmax_t>(facts.f_bavail) * facts.f_frsize < 3 * size)
    GTEST_SKIP() << "NOT TESTED: a gigabyte of output needs 3 GiB free in /tmp";
  auto what = spec("head -c 1073741824 /dev/zero; touch printed; while [ ! -e go ]; do sleep 0.01; done; exit 3");
  what.secrets = {"s3cr3t-value", "another one"};
  begin(what);
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(until([&] { return exists("printed"); }));
  ASSERT_TRUE(until([&] { return std::filesystem::file_size(folder + "/log") == size; }))
      << std::filesystem::file_size(folder + "/log");
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const auto peak = peak_of(led(what).leader);
  std::printf("1 GiB through the leader: %.2f s, its memory at most %lld KiB\n", took, static_cast<long long>(peak));
  EXPECT_GT(peak, 0);
  EXPECT_LT(peak, 16 * 1024) << "KiB";
  write("go", "");
  ASSERT_TRUE(ends());
  EXPECT_EQ(exit->code, 3);
  EXPECT_TRUE(exit->log_complete);
}

}  // namespace

}  // namespace quietgate
