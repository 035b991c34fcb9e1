// Leaders before their steps: where they come from, what becomes of those that wait, and steps of another boot.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "runner/adapters/local_steps/leader_spawn.h"
#include "runner/leader/control_group.h"
#include "tests/support/leaders_world.h"

namespace quietgate {

namespace {

using How = StepExit::How;
using Leaders = LeadersWorld;

TEST_F(Leaders, AStepOfAnotherBootIsNotBegunAgain) {
  auto what = spec("echo ran");
  what.boot = "another-boot";
  const auto exit = run(what);
  EXPECT_EQ(exit.how, How::leader_died);
  EXPECT_EQ(exit.detail, "it is not known whether the step began; the machine was started anew since");
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
  EXPECT_TRUE(until([&] { return !read_stat(waiting); })) << "it was reaped";
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
  std::optional<Result<StepExit>> exit;
  Stop stop;
  bool over = false;
  spawn(io.get_executor(), hold(processes->run(what, stop), exit), [&](std::exception_ptr) { over = true; });
  ASSERT_TRUE(until([&] { return StepRecord(what.record).read()->asked.has_value(); }));
  const auto group = control_group_of(StepRecord(what.record).read()->asked->id);
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
  std::optional<Result<StepExit>> exit;
  bool over = false;
  spawn(io.get_executor(), hold(processes->run(what, stop), exit), [&](std::exception_ptr) { over = true; });
  ASSERT_TRUE(until([&] { return exists("begun"); }));
  {
    std::fstream record(what.record, std::ios::in | std::ios::out);
    record << "no JSON at all";
  }
  LedSteps next(io.get_executor());
  ASSERT_TRUE(wait_for(next.end(what.record, stop)));
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
    EXPECT_TRUE(until([&] { return !read_stat(source); })) << "it was reaped";
  }
}

Task<void> count_ticks(Executor executor, int& ticks, const bool& over) {
  boost::asio::steady_timer timer(executor);
  while (!over) {
    ++ticks;
    timer.expires_after(Milliseconds(10));
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
}

// The source is stopped, and what it had made is taken: the next step's record stays empty for a second.
class LeadersAwaited : public Leaders {
 protected:
  bool no_leader_waits() {
    EXPECT_TRUE(run(spec("true", "first")).succeeded());
    if (!until([] { return child_named("qg-waiting") > 0; })) return false;
    const auto source = child_named("qg-leaders");
    ::kill(source, SIGSTOP);
    if (!until([&] { return read_stat(source)->state == 'T'; })) return false;
    return run(spec("true", "of the one that waits")).succeeded();
  }
};

// Nobody else of the service waits for it: no other step, no answer to a user.
TEST_F(Leaders, AStoppedSourceStopsOnlyWhoNeedsIt) {
  EXPECT_TRUE(run(spec("true", "first")).succeeded());
  ASSERT_TRUE(until([] { return child_named("qg-waiting") > 0; }));
  const auto source = child_named("qg-leaders");
  ::kill(source, SIGSTOP);
  ASSERT_TRUE(until([&] { return read_stat(source)->state == 'T'; }));
  EXPECT_TRUE(run(spec("true", "of the one that waits")).succeeded());
  bool over = false;
  int ticks = 0;
  bool counted = false;
  spawn(io.get_executor(), count_ticks(io.get_executor(), ticks, over), [&](std::exception_ptr) { counted = true; });
  Stop stop;
  std::optional<Result<StepExit>> exits[3];
  int ended = 0;
  for (auto& exit : exits) {
    const auto what = spec("true", "one of three " + std::to_string(&exit - exits));
    spawn(io.get_executor(), hold(processes->run(what, stop), exit), [&](std::exception_ptr) { ++ended; });
  }
  EXPECT_TRUE(until([&] { return ended == 3; }));
  over = true;
  ASSERT_TRUE(until([&] { return counted; }));
  for (const auto& exit : exits) EXPECT_TRUE(exit && *exit && (*exit)->succeeded());
  EXPECT_GE(ticks, 20) << "of the hundred in the second in which the source was waited for";
  EXPECT_TRUE(until([&] { return !read_stat(source); })) << "it was reaped";
}

// While a leader is waited for, its step is not begun: who stops it then has nothing to end.
TEST_F(LeadersAwaited, AStepThatIsStoppedBeforeItHasALeaderIsNotBegun) {
  ASSERT_TRUE(no_leader_waits());
  const auto what = spec("echo ran >> ran", "stopped");
  Stop stop;
  std::optional<Result<StepExit>> exit;
  std::exception_ptr thrown;
  bool over = false;
  spawn(io.get_executor(), hold(processes->run(what, stop), exit), [&](std::exception_ptr problem) {
    thrown = problem;
    over = true;
  });
  ASSERT_TRUE(until([&] { return std::filesystem::exists(what.record); }));
  stop.request(StopReason::cancel, "cancelled by ana");
  ASSERT_TRUE(until([&] { return over; }));
  EXPECT_THROW(std::rethrow_exception(thrown), Stopped);
  EXPECT_FALSE(processes->status(what.record)) << "an empty record is of nothing that was begun";
  EXPECT_FALSE(exists("ran"));
  EXPECT_TRUE(run(what).succeeded());
  EXPECT_EQ(read("ran"), "ran\n");
}

TEST_F(LeadersAwaited, AStepThatIsEndedBeforeItHasALeaderIsEnded) {
  ASSERT_TRUE(no_leader_waits());
  const auto what = spec("sleep 1000", "ended");
  Stop stop;
  std::optional<Result<StepExit>> exit;
  bool over = false;
  spawn(io.get_executor(), hold(processes->run(what, stop), exit), [&](std::exception_ptr) { over = true; });
  ASSERT_TRUE(until([&] { return std::filesystem::exists(what.record); }));
  EXPECT_TRUE(wait_for(processes->end(what.record, stop)));
  ASSERT_TRUE(until([&] { return over; }));
  ASSERT_TRUE(exit && *exit);
  EXPECT_EQ(describe(**exit), "killed by SIGTERM");
}

std::size_t dead_children() {
  std::size_t count = 0;
  for (const auto& process : all_processes()) count += process.parent == ::getpid() && process.dead() ? 1 : 0;
  return count;
}

// All descriptors of this process but so many.
class FewDescriptors {
 public:
  explicit FewDescriptors(int left) {
    ::getrlimit(RLIMIT_NOFILE, &usual_);
    struct rlimit few = {200, usual_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    for (int fd = 0; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) all_.emplace_back(fd);
    all_.resize(all_.size() - static_cast<std::size_t>(left));
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &usual_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  struct rlimit usual_ = {};
  std::vector<Descriptor> all_;
};

Task<void> take_one(LeaderSource& source, std::optional<Result<WaitingLeader>>& taken) {
  taken = co_await source.take();
}

// A process needs a descriptor to be watched by, which may be the one too many.
TEST_F(Leaders, WhatCantBeWatchedIsReapedAllTheSame) {
  const auto children = std::make_shared<Children>(io.get_executor());
  std::set<std::string> problems;
  for (const bool prepared : {true, false}) {
    for (int left = 0; left < 8; ++left) {
      LeaderSource source(io.get_executor(), children);
      std::optional<Result<WaitingLeader>> first, second;
      bool over = false;
      if (prepared) {
        spawn(io.get_executor(), take_one(source, first), [&](std::exception_ptr) { over = true; });
        ASSERT_TRUE(until([&] { return over; }));
        ASSERT_TRUE(first && *first);
        source.prepare();
      }
      const FewDescriptors few(left);
      over = false;
      spawn(io.get_executor(), take_one(source, second), [&](std::exception_ptr) { over = true; });
      ASSERT_TRUE(until([&] { return over; }));
      ASSERT_TRUE(second) << left;
      if (!*second) problems.insert(second->error().message);
      // Those that were taken end with the test's hold on them, and nobody but the test is to reap them.
      for (auto* taken : {&first, &second}) {
        if (*taken && **taken) children->end(std::move(***taken).leading().pid);
      }
    }
    EXPECT_TRUE(until([] { return dead_children() == 0 && child_named("qg-leaders") == 0; })) << "all are reaped";
  }
  EXPECT_EQ(problems.count("a leader can't be started: it can't be watched: Too many open files"), 1u);
}

// Three steps at once come to their ends at each of the places where one more descriptor is needed.
TEST_F(Leaders, WithTooFewDescriptorsNothingIsLeftNorBegunTwice) {
  EXPECT_TRUE(run(spec("true", "first")).succeeded());
  int failed = 0;
  for (const bool prepared : {true, false}) {
    for (int left = 0; left < 16; ++left) {
      ASSERT_TRUE(until([] { return child_named("qg-waiting") > 0; }));
      if (!prepared) {
        ::kill(child_named("qg-leaders"), SIGKILL);
        ::kill(child_named("qg-waiting"), SIGKILL);
        ASSERT_TRUE(until([] { return child_named("qg-leaders") == 0 && child_named("qg-waiting") == 0; }));
      }
      std::vector<LedStep> steps;
      for (const char* number : {"a", "b", "c"}) {
        const auto name = std::to_string(left) + number + (prepared ? "" : " without a source");
        steps.push_back(spec("echo ran >> '" + name + "'", name));
      }
      Stop stop;
      {
        const FewDescriptors few(left);
        std::vector<std::optional<Result<StepExit>>> exits(steps.size());
        std::size_t over = 0;
        for (std::size_t at = 0; at < steps.size(); ++at) {
          spawn(io.get_executor(), hold(processes->run(steps[at], stop), exits[at]),
                [&](std::exception_ptr) { ++over; });
        }
        ASSERT_TRUE(until([&] { return over == steps.size(); }));
        for (const auto& exit : exits) {
          EXPECT_TRUE(exit) << left << ": an exception is no answer";
          failed += exit && !*exit ? 1 : 0;
        }
      }
      for (const auto& step : steps) {
        const auto again = wait_for(processes->run(step, stop));
        ASSERT_TRUE(again) << step.record << ": " << again.error().message;
        EXPECT_TRUE(again->succeeded()) << step.record << ": " << describe(*again);
        EXPECT_EQ(read(step.record.substr(0, step.record.size() - 5)), "ran\n") << step.record;
      }
      EXPECT_TRUE(until([] { return dead_children() == 0; })) << left << ", and a child that is not reaped";
    }
  }
  EXPECT_GE(failed, 20) << "descriptors were short, or this shows nothing";
}

}  // namespace

}  // namespace quietgate
