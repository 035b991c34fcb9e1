#include "runner/leader/process/step.h"

#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace quietgate {

namespace {

using ::testing::HasSubstr;

struct Started {
  StepFailure failure;
  std::string problem;
  int how = 0;
};

Started start(const LeaderOrder& order, const std::function<std::string(pid_t)>& record) {
  Started started;
  Step step;
  started.problem = start_step(order, -1, record, step, started.failure);
  if (step.pid > 0) ::waitpid(step.pid, &started.how, 0);
  if (step.output >= 0) ::close(step.output);
  return started;
}

LeaderOrder order_of(const std::string& program) {
  LeaderOrder order;
  order.argv = {program};
  return order;
}

TEST(StepIsBegun, AsItsProgram) {
  const auto started = start(order_of("/bin/true"), [](pid_t) { return std::string(); });
  EXPECT_EQ(started.problem, "");
  EXPECT_EQ(started.failure.what, StepFailure::What::nothing);
  EXPECT_TRUE(WIFEXITED(started.how) && WEXITSTATUS(started.how) == 0);
}

TEST(StepIsBegun, NotWhenItWasKilledBeforeItWasItsProgram) {
  const auto order = order_of("/bin/true");
  const auto started = start(order, [](pid_t step) {
    ::syscall(SYS_kill, step, SIGKILL);
    return std::string();
  });
  EXPECT_EQ(started.problem, "");
  EXPECT_EQ(started.failure.what, StepFailure::What::killed);
  EXPECT_THAT(describe(started.failure, order), HasSubstr("killed before it became /bin/true"));
}

TEST(StepIsBegun, AndKilledAsTheProgramThatItWas) {
  LeaderOrder order;
  order.argv = {"/bin/sh", "-c", "kill -9 $$"};
  const auto started = start(order, [](pid_t) { return std::string(); });
  EXPECT_EQ(started.failure.what, StepFailure::What::nothing);
  EXPECT_TRUE(WIFSIGNALED(started.how));
}

TEST(StepIsBegun, NotWithoutAProgram) {
  const auto order = order_of("/no/such/program");
  const auto started = start(order, [](pid_t) { return std::string(); });
  EXPECT_EQ(started.failure.what, StepFailure::What::program);
  EXPECT_THAT(describe(started.failure, order), HasSubstr("no such file"));
}

}  // namespace

}  // namespace quietgate
