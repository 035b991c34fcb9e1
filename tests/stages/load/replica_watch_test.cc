#include "stages/load/replica_watch.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/only_runs.h"
#include "tests/support/scripted_load.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

// A command that counts three replicas, but for one answer.
class CountingCommand : public OnlyRuns {
 public:
  explicit CountingCommand(Clock& clock) : clock_(clock) {}
  int asked = 0;
  int silent = 0;  // the number of the answer that does not come before the command is ended
  int broken = 0;  // and of the one that is an error

  Task<Result<StepExit>> run(StepSpec spec, Stop& stop) override {
    ++asked;
    StepExit exit;
    if (asked == silent) {
      co_await clock_.sleep(Milliseconds(std::stoi(spec.argv.at(3)) * 1000 + 100), stop);
      exit.code = 124;
    } else {
      co_await clock_.sleep(Milliseconds(100), stop);
      if (asked == broken) exit.code = 1;
      printed[*spec.output] = "3\n";
    }
    co_return exit;
  }
  std::string read(const StepText& text, std::int64_t, std::size_t) override { return printed[text]; }
  void forget(const StepName& name) override { printed.erase(output_of(name)); }

  std::map<StepText, std::string> printed;

 private:
  Clock& clock_;
};

class ReplicaCommand : public testing::Test {
 protected:
  ReplicaCommand() {
    autoscaling.command = Command{"true", {}, {}};
    autoscaling.expect.never_above = 4;
    request = bench.request(LoadSpec{}, "load");
  }
  // Looked at again and again for twenty seconds, as by a load that runs.
  Check watched(Milliseconds between_looks = Milliseconds(250)) {
    const auto begin = static_cast<double>(clock.now().time_since_epoch().count()) / 1000;
    ReplicaWatch watch(prometheus, command, clock, request, autoscaling);
    await_in_time(bench, clock, follow(watch, between_looks));
    const ScalingWindow window{begin, begin + 20, begin + 20};
    const auto series = await_in_time(bench, clock, watch.series(window));
    return judge_scaling(series, std::vector<Sample>(), autoscaling.expect, window)[0];
  }
  Task<int> follow(ReplicaWatch& watch, Milliseconds between_looks) {
    for (const auto until = clock.now() + Milliseconds(20'000); clock.now() < until;) {
      co_await watch.look();
      co_await clock.sleep(between_looks, bench.stop);
    }
    co_return command.asked;
  }

  StageBench bench;
  FakeClock clock{bench.loop.get_executor()};
  CountingCommand command{clock};
  ScriptedPrometheus prometheus{clock};
  StageRequest request;
  AutoscalingSpec autoscaling;
};

TEST_F(ReplicaCommand, IsAskedEveryTwoSeconds) {
  auto check = watched(Milliseconds(450));
  EXPECT_EQ(check.outcome, Outcome::passed) << check.sentence;
  EXPECT_EQ(command.asked, 10) << "neither what an answer takes nor a late look comes on top";
}

TEST_F(ReplicaCommand, OneAnswerThatIsAnErrorIsNoHole) {
  command.broken = 4;
  auto check = watched();
  EXPECT_EQ(check.outcome, Outcome::passed) << check.sentence;
}

TEST_F(ReplicaCommand, OneAnswerThatDoesNotComeIsNoHole) {
  for (command.silent = 3; command.silent < 7; ++command.silent) {
    command.asked = 0;
    std::filesystem::remove(bench.root + "/attempt/replicas.txt");
    auto check = watched();
    EXPECT_EQ(check.outcome, Outcome::passed) << check.sentence;
  }
}

TEST_F(ReplicaCommand, TwoAnswersThatAreMissingAreAHole) {
  command.broken = 4;
  command.silent = 5;
  auto check = watched();
  EXPECT_EQ(check.outcome, Outcome::inconclusive) << check.sentence;
}

}  // namespace
}  // namespace quietgate
