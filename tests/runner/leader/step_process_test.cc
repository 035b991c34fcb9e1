#include "runner/leader/process/step_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "runner/leader/control_group.h"

namespace quietgate {

namespace {

using ::testing::HasSubstr;

struct Started {
  StartFailure failure;
  std::string problem;
  int how = 0;
};

Started start(const LeaderOrder& order, const std::function<std::string(pid_t)>& record, int group = -1) {
  Started started;
  StepProcess step;
  started.problem = start_step(order, group, record, step, started.failure);
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
  EXPECT_EQ(started.failure.what, StartFailure::What::nothing);
  EXPECT_TRUE(WIFEXITED(started.how) && WEXITSTATUS(started.how) == 0);
}

TEST(StepIsBegun, NotWhenItWasKilledBeforeItWasItsProgram) {
  const auto order = order_of("/bin/true");
  const auto started = start(order, [](pid_t step) {
    ::syscall(SYS_kill, step, SIGKILL);
    return std::string();
  });
  EXPECT_EQ(started.problem, "");
  EXPECT_EQ(started.failure.what, StartFailure::What::killed);
  EXPECT_THAT(describe(started.failure, order), HasSubstr("killed before it became /bin/true"));
}

TEST(StepIsBegun, AndKilledAsTheProgramThatItWas) {
  LeaderOrder order;
  order.argv = {"/bin/sh", "-c", "kill -9 $$"};
  const auto started = start(order, [](pid_t) { return std::string(); });
  EXPECT_EQ(started.failure.what, StartFailure::What::nothing);
  EXPECT_TRUE(WIFSIGNALED(started.how));
}

TEST(StepIsBegun, NotWithoutAProgram) {
  const auto order = order_of("/no/such/program");
  const auto started = start(order, [](pid_t) { return std::string(); });
  EXPECT_EQ(started.failure.what, StartFailure::What::program);
  EXPECT_THAT(describe(started.failure, order), HasSubstr("no such file"));
}

TEST(StepIsBegun, InItsControlGroup) {
  const std::string id = "test-" + std::to_string(::getpid());
  const auto folder = make_control_group(id);
  if (folder.empty()) GTEST_SKIP() << "no control group can be made here: run as root, or with Delegate=yes";
  const int group = open_control_group(folder);
  // What it says of itself comes back as the reason not to begin.
  const auto started = start(
      order_of("/bin/true"),
      [](pid_t) {
        std::ifstream file("/proc/self/cgroup");
        return std::string(std::istreambuf_iterator<char>(file), {});
      },
      group);
  ::close(group);
  EXPECT_EQ(started.failure.what, StartFailure::What::record);
  EXPECT_THAT(started.failure.record, HasSubstr("quietgate-" + id + "\n"));
  remove_control_group(folder);
}

TEST(StepIsBegun, WithoutAGroupThatCanNotBeEntered) {
  const int folder = ::open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const auto started = start(
      order_of("/bin/true"), [](pid_t) { return std::string(); }, folder);
  ::close(folder);
  EXPECT_EQ(started.problem, "");
  EXPECT_EQ(started.failure.what, StartFailure::What::nothing);
  EXPECT_TRUE(WIFEXITED(started.how) && WEXITSTATUS(started.how) == 0);
}

}  // namespace

}  // namespace quietgate
