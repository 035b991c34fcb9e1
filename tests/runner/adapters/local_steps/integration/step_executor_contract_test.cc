// One contract for every executor of steps: the one of this machine, the simulation's, and the one that stands for it
// in tests of stages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "runner/adapters/local_steps/local_steps.h"
#include "tests/simulation/sim_steps.h"
#include "tests/support/fake_steps.h"
#include "tests/support/folder.h"

namespace quietgate {
namespace {

using How = StepExit::How;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const StepOwner unit = AttemptOwner{{{"hello", 1}, "unit", 1}};
const StepOwner services = EnvironmentOwner{"hello-1-staging", services_part, "1-1"};

struct UnderTest {
  UnderTest() = default;
  virtual ~UnderTest() = default;
  UnderTest(const UnderTest&) = delete;
  UnderTest& operator=(const UnderTest&) = delete;
  virtual StepExecutor& steps() = 0;
  virtual void next_runner() {}  // the one that lived is gone
  virtual void let_go_on() = 0;
  // Steps that end well or with status 1; that go on until they are ended; that say this.
  virtual StepSpec ends(const StepName& name, bool well = true) = 0;
  virtual StepSpec lasts(const StepName& name) = 0;
  virtual std::optional<StepSpec> says(const StepName& name, const std::string& text) = 0;
  virtual int executions(const StepName& name) = 0;
  virtual void lose_leader(const StepName& name) = 0;
  boost::asio::io_context io;
};

struct OfThisMachine final : UnderTest {
  OfThisMachine() : layout(folder / "data") {
    std::filesystem::create_directories(layout.steps(unit));
    next_runner();
  }
  ~OfThisMachine() override {
    local.reset();
    while (::waitpid(-1, nullptr, 0) > 0) {  // leaders that were just ending when their loop was left
    }
  }
  StepExecutor& steps() override { return *local; }
  void next_runner() override {
    local.reset();
    local = std::make_unique<LocalSteps>(io.get_executor(), layout);
  }
  void let_go_on() override {
    io.restart();
    io.run_one_for(Milliseconds(20));
  }
  StepSpec step(const StepName& name, const std::string& script) {
    StepSpec spec;
    spec.name = name;
    spec.argv = {"/bin/sh", "-c", "echo x >>\"" + counted(name) + "\"; " + script};
    spec.environment = {{"PATH", "/usr/bin:/bin"}};
    spec.tree = folder.path;
    spec.log = log_of(name);
    spec.grace = Milliseconds(1'000);
    return spec;
  }
  StepSpec ends(const StepName& name, bool well) override { return step(name, well ? "exit 0" : "exit 1"); }
  StepSpec lasts(const StepName& name) override { return step(name, "exec sleep 1000"); }
  std::optional<StepSpec> says(const StepName& name, const std::string& text) override {
    return step(name, "printf '" + text + "'");
  }
  std::string counted(const StepName& name) const { return folder / ("executions of " + name.step); }
  int executions(const StepName& name) override {
    return static_cast<int>(folder.read("executions of " + name.step).size()) / 2;
  }
  void lose_leader(const StepName& name) override {
    const auto history = StepRecord(layout.record(name)).read();
    ::kill(history.value().led.value().leader, SIGKILL);
  }
  TestFolder folder;
  DataLayout layout;
  std::unique_ptr<LocalSteps> local;
};

struct OfTheSimulation final : UnderTest {
  OfTheSimulation() {
    world.chaos = false;
    machine.started = [](const StepName&) {};
    next_runner();
  }
  StepExecutor& steps() override { return *simulated; }
  void next_runner() override {
    simulated.reset();
    simulated = std::make_unique<SimSteps>(world, clock, machine, io.get_executor());
  }
  // Things happen one by one; what takes hours does not happen by itself.
  void let_go_on() override {
    io.restart();
    if (io.poll() == 0 && world.next_at() < world.elapsed() + Milliseconds(3'600'000)) world.step();
  }
  StepSpec step(const StepName& name, const std::string& command) {
    StepSpec spec;
    spec.name = name;
    spec.argv = {command};
    return spec;
  }
  StepSpec ends(const StepName& name, bool well) override {
    return step(name, well ? "sim 1s passes" : "sim 1s fails");
  }
  StepSpec lasts(const StepName& name) override { return step(name, "sim 999999s passes"); }
  std::optional<StepSpec> says(const StepName&, const std::string&) override { return std::nullopt; }
  int executions(const StepName& name) override { return machine.executions(name); }
  void lose_leader(const StepName& name) override { machine.end(name, How::leader_died, 0, "killed"); }
  World world{1, Planted::none, false};
  SimClock clock{world, io.get_executor()};
  SimMachine machine{world};
  std::unique_ptr<SimSteps> simulated;
};

struct OfTests final : UnderTest {
  OfTests() {
    fake.lasts = [](const StepSpec& spec) { return spec.argv[0] == "lasts"; };
    fake.script = [this](const StepSpec& spec) {
      if (spec.argv[0] == "says") fake.print(spec, spec.argv[1]);
      return exited(spec.argv[0] == "fails" ? 1 : 0);
    };
  }
  StepExecutor& steps() override { return fake; }
  void let_go_on() override {
    io.restart();
    io.poll();
  }
  StepSpec step(const StepName& name, std::vector<std::string> argv) {
    StepSpec spec;
    spec.name = name;
    spec.log = log_of(name);
    spec.argv = std::move(argv);
    return spec;
  }
  StepSpec ends(const StepName& name, bool well) override { return step(name, {well ? "passes" : "fails"}); }
  StepSpec lasts(const StepName& name) override { return step(name, {"lasts"}); }
  std::optional<StepSpec> says(const StepName& name, const std::string& text) override {
    return step(name, {"says", text});
  }
  int executions(const StepName& name) override {
    const auto is_it = [&](const StepSpec& spec) { return spec.name == name; };
    return static_cast<int>(std::count_if(fake.ran.begin(), fake.ran.end(), is_it) +
                            std::count_if(fake.started.begin(), fake.started.end(), is_it));
  }
  void lose_leader(const StepName& name) override { fake.exits[name].how = How::leader_died; }
  FakeSteps fake;
};

using Make = std::unique_ptr<UnderTest> (*)();

class StepExecutorContract : public testing::TestWithParam<Make> {
 protected:
  struct Asked {
    std::optional<Result<StepExit>> exit;
    std::exception_ptr thrown;
    bool over = false;
  };
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& answer) {
    answer.emplace(co_await std::move(task));
  }
  bool until(const std::function<bool()>& truth) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!truth()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      under_test->let_go_on();
    }
    return true;
  }
  template <class T>
  T wait_for(Task<T> task) {
    std::optional<T> answer;
    bool over = false;
    std::exception_ptr thrown;
    spawn(under_test->io.get_executor(), keep(std::move(task), answer), [&](std::exception_ptr problem) {
      thrown = problem;
      over = true;
    });
    if (!until([&] { return over; })) throw std::runtime_error("it does not end");
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*answer);
  }
  StepExit run(const StepSpec& spec) { return wait_for(steps().run(spec, never)).value(); }
  void begin(const StepSpec& spec, Stop& stop, Asked& asked) {
    spawn(under_test->io.get_executor(), keep(steps().run(spec, stop), asked.exit), [&](std::exception_ptr problem) {
      asked.thrown = problem;
      asked.over = true;
    });
  }
  bool ends(const Asked& asked) {
    return until([&] { return asked.over; });
  }
  bool was_stopped(const Asked& asked) {
    try {
      if (asked.thrown) std::rethrow_exception(asked.thrown);
    } catch (const Stopped&) {
      return true;
    }
    return false;
  }
  bool runs(const StepName& name) {
    const auto status = steps().status(name);
    return status && !status->has_value();
  }
  StepExecutor& steps() { return under_test->steps(); }

  Stop never;
  std::unique_ptr<UnderTest> under_test = GetParam()();
};

TEST_P(StepExecutorContract, ANameIsExecutedOnceAndItsEndIsKept) {
  const StepName name{unit, "1-run"};
  const auto first = run(under_test->ends(name, false));
  EXPECT_EQ(first.how, How::exited);
  EXPECT_EQ(first.code, 1);
  under_test->next_runner();
  const auto again = run(under_test->ends(name, true));
  EXPECT_EQ(again.code, 1) << "whatever it is to do now";
  EXPECT_EQ(again.started, first.started);
  EXPECT_TRUE(wait_for(steps().start(under_test->ends(name), never)));
  EXPECT_EQ(under_test->executions(name), 1);
  EXPECT_EQ(steps().status(name).value()->code, 1);
}

TEST_P(StepExecutorContract, ANameThatIsBegunTwiceAtOnceIsExecutedOnce) {
  const StepName name{unit, "1-run"};
  Asked first, second;
  begin(under_test->ends(name), never, first);
  begin(under_test->ends(name), never, second);
  ASSERT_TRUE(ends(first) && ends(second));
  EXPECT_TRUE(first.exit->value().succeeded());
  EXPECT_TRUE(second.exit->value().succeeded());
  EXPECT_EQ(under_test->executions(name), 1);
}

TEST_P(StepExecutorContract, WhatIsStartedLivesUntilItIsEnded) {
  const StepName web{services, "web"};
  for (int twice = 0; twice < 2; ++twice) ASSERT_TRUE(wait_for(steps().start(under_test->lasts(web), never)));
  ASSERT_TRUE(until([&] { return under_test->executions(web) == 1; }));
  EXPECT_TRUE(runs(web));
  under_test->next_runner();
  EXPECT_TRUE(runs(web));
  ASSERT_TRUE(wait_for(steps().end(web, never)));
  EXPECT_TRUE(steps().status(web).value().has_value());
  EXPECT_TRUE(wait_for(steps().end(web, never))) << "it has ended";
  EXPECT_EQ(under_test->executions(web), 1);
}

TEST_P(StepExecutorContract, StepsAreTheirOwners) {
  const StepName web{services, "web"}, run_1{unit, "1-run"}, fault{unit, "1-fault"}, ready{unit, "ready-web.3"};
  const StepOwner aside = AttemptOwner{{{"hello", 1}, "unit", 1}, 1};
  EXPECT_THAT(steps().steps(unit).value(), IsEmpty());
  for (const auto& name : {web, run_1, fault, ready}) run(under_test->ends(name));
  under_test->next_runner();
  EXPECT_THAT(steps().steps(unit).value(), UnorderedElementsAre(run_1, fault, ready));
  EXPECT_THAT(steps().steps(services).value(), ElementsAre(web));
  EXPECT_THAT(steps().steps(aside).value(), IsEmpty());
  steps().forget(fault);
  EXPECT_THAT(steps().steps(unit).value(), UnorderedElementsAre(run_1, ready));
  EXPECT_FALSE(steps().status(fault));
  steps().forget(web);
  EXPECT_THAT(steps().steps(services).value(), IsEmpty());
}

TEST_P(StepExecutorContract, WhatWasNeverBegunHasNoStatusAndNothingToEnd) {
  const StepName name{unit, "1-run"};
  EXPECT_FALSE(steps().status(name));
  EXPECT_TRUE(wait_for(steps().end(name, never)));
  EXPECT_FALSE(steps().status(name));
  steps().forget(name);
  EXPECT_TRUE(run(under_test->ends(name)).succeeded()) << "and may be begun";
}

TEST_P(StepExecutorContract, ACancelEndsItAndAShutdownLeavesIt) {
  const StepName left{unit, "1-run"}, ended{unit, "2-run"};
  for (const auto& [name, reason] : {std::pair(left, StopReason::shutdown), std::pair(ended, StopReason::cancel)}) {
    Stop stop;
    Asked asked;
    begin(under_test->lasts(name), stop, asked);
    ASSERT_TRUE(until([&] { return under_test->executions(name) == 1 && runs(name); }));
    stop.request(reason, "enough");
    ASSERT_TRUE(ends(asked));
    EXPECT_TRUE(was_stopped(asked));
    EXPECT_EQ(runs(name), reason == StopReason::shutdown);
  }
  // The next runner takes up what is left.
  under_test->next_runner();
  Asked adopted;
  begin(under_test->lasts(left), never, adopted);
  ASSERT_TRUE(until([&] { return runs(left); }));
  ASSERT_TRUE(wait_for(steps().end(left, never)));
  ASSERT_TRUE(ends(adopted));
  EXPECT_TRUE(adopted.exit->ok());
  EXPECT_EQ(under_test->executions(left), 1);
}

TEST_P(StepExecutorContract, OneThatIsToStopBeforeItBeginsIsNotBegun) {
  const StepName name{unit, "1-run"};
  Stop stop;
  stop.request(StopReason::cancel, "no");
  EXPECT_THROW(wait_for(steps().run(under_test->ends(name), stop)), Stopped);
  EXPECT_EQ(under_test->executions(name), 0);
}

TEST_P(StepExecutorContract, OneWhoseLeaderIsLostIsNotBegunAgain) {
  const StepName name{unit, "1-run"};
  ASSERT_TRUE(wait_for(steps().start(under_test->lasts(name), never)));
  ASSERT_TRUE(until([&] { return under_test->executions(name) == 1; }));
  under_test->lose_leader(name);
  ASSERT_TRUE(until([&] { return !runs(name); }));
  EXPECT_EQ(steps().status(name).value()->how, How::leader_died);
  EXPECT_EQ(run(under_test->lasts(name)).how, How::leader_died);
  under_test->next_runner();
  EXPECT_EQ(run(under_test->lasts(name)).how, How::leader_died);
  EXPECT_EQ(under_test->executions(name), 1);
}

TEST_P(StepExecutorContract, AllOfAnOwnerAreEnded) {
  const StepName one{services, "one"}, two{services, "two"}, other{unit, "1-fault"};
  for (const auto& name : {one, two, other}) ASSERT_TRUE(wait_for(steps().start(under_test->lasts(name), never)));
  ASSERT_TRUE(wait_for(end_steps(steps(), services, never)));
  EXPECT_FALSE(runs(one));
  EXPECT_FALSE(runs(two));
  EXPECT_TRUE(runs(other));
  ASSERT_TRUE(wait_for(end_steps(steps(), unit, never)));
  EXPECT_FALSE(runs(other));
}

TEST_P(StepExecutorContract, SecretsAreMaskedInAllThatIsKept) {
  const StepName logged{unit, "1-load"}, raw{unit, "2-load"};
  auto to_log = under_test->says(logged, "the word is hunter22");
  if (!to_log) GTEST_SKIP() << "its steps say nothing";
  to_log->secrets = {"hunter22"};
  ASSERT_TRUE(run(*to_log).succeeded());
  ASSERT_TRUE(until([&] { return steps().read(log_of(logged), 0, 100) == "the word is ***"; }));
  EXPECT_EQ(steps().read(log_of(logged), 4, 4), "word");
  EXPECT_EQ(steps().read(log_of(logged), -6, 4), "is *");
  EXPECT_EQ(steps().read(log_of(logged), 1'000, 4), "");
  EXPECT_EQ(read_end(steps(), log_of(logged), 5), "s ***");
  EXPECT_EQ(read_whole(steps(), log_of(logged), 15).value(), "the word is ***");
  EXPECT_FALSE(read_whole(steps(), log_of(logged), 14));
  EXPECT_EQ(steps().read(output_of(logged), 0, 100), "") << "it has none";
  auto to_output = under_test->says(raw, "it is hunter22");
  to_output->secrets = {"hunter22"};
  to_output->output = output_of(raw);
  ASSERT_TRUE(run(*to_output).succeeded());
  EXPECT_EQ(steps().read(output_of(raw), 0, 100), "it is ***");
  EXPECT_EQ(steps().read(log_of(raw), 0, 100), "");
  steps().forget(raw);
  EXPECT_EQ(steps().read(output_of(raw), 0, 100), "");
}

TEST_P(StepExecutorContract, HostileNamesAreRefused) {
  std::vector<StepName> names;
  for (const std::string word : {"", ".", "..", "/", "a/b", "../x", "/etc/x", ".x", "x.", "a.b.c", "a b", "a\nb", "a*"})
    names.push_back({unit, word});
  names.push_back({unit, std::string(201, 'x')});
  names.push_back({unit, std::string("a\0b", 3)});
  const std::vector<StepOwner> owners{
      AttemptOwner{{{"..", 1}, "unit", 1}},      AttemptOwner{{{"a/b", 1}, "unit", 1}},
      AttemptOwner{{{"", 1}, "unit", 1}},        AttemptOwner{{{"hello", 0}, "unit", 1}},
      AttemptOwner{{{"hello", 1}, "../x", 1}},   AttemptOwner{{{"hello", 1}, "", 1}},
      AttemptOwner{{{"hello", 1}, "unit", 0}},   AttemptOwner{{{"hello", 1}, "unit", 1}, -1},
      EnvironmentOwner{"..", "services", "1-1"}, EnvironmentOwner{"e", "../..", "1-1"},
      EnvironmentOwner{"e", "services", ""},     PlanCheckOwner{{"../x", 1}},
  };
  for (const auto& owner : owners) {
    names.push_back({owner, "1-run"});
    EXPECT_FALSE(steps().steps(owner)) << to_string(owner);
  }
  for (const auto& name : names) {
    const auto ran = wait_for(steps().run(under_test->ends(name), never));
    ASSERT_FALSE(ran) << to_string(name);
    EXPECT_EQ(ran.error().kind, ErrorKind::infrastructure);
    EXPECT_FALSE(wait_for(steps().start(under_test->ends(name), never))) << to_string(name);
    EXPECT_FALSE(steps().status(name)) << to_string(name);
    EXPECT_FALSE(wait_for(steps().end(name, never))) << to_string(name);
    steps().forget(name);
    EXPECT_EQ(steps().read(output_of(name), 0, 100), "") << to_string(name);
    EXPECT_EQ(under_test->executions(name), 0) << to_string(name);
  }
}

template <class T>
std::unique_ptr<UnderTest> make() {
  return std::make_unique<T>();
}

INSTANTIATE_TEST_SUITE_P(OfThisMachine, StepExecutorContract, testing::Values(make<OfThisMachine>));
INSTANTIATE_TEST_SUITE_P(OfTheSimulation, StepExecutorContract, testing::Values(make<OfTheSimulation>));
INSTANTIATE_TEST_SUITE_P(OfTests, StepExecutorContract, testing::Values(make<OfTests>));

}  // namespace
}  // namespace quietgate
