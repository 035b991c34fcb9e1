// Users that end in mid-load, and settings that are not the pipeline's, with real Locust.
#include <filesystem>

#include "tests/support/locust_world.h"

namespace quietgate {
namespace {

class LoadUsers : public LoadLocust {
 protected:
  void SetUp() override {
    LoadLocust::SetUp();
    spec.duration = Milliseconds(2'000);
    spec.expect = {{"failure_ratio", {Bound::Relation::less_equal, 0.5, "<= 50%"}}};
  }
  StageOutcome run_with(const std::string& rest, const std::string& within_look = "") {
    return run(std::string("import itertools\nfrom locust.exception import StopUser\n"
                           "begun, looks = itertools.count(), itertools.count()\n") +
               usual_py + (within_look.empty() ? "" : "        " + within_look + "\n") + rest);
  }
  static constexpr const char* three_raise =
      "    def on_start(self):\n        if next(begun) < 3: raise RuntimeError('no login')\n";
};

TEST_F(LoadUsers, ThatRaiseInOnStartFailTheLoad) {
  auto outcome = run_with(three_raise);
  EXPECT_EQ(outcome.outcome, Outcome::failed) << log();
  EXPECT_EQ(outcome.reason, "4 users asked for, 1 at work: RuntimeError: no login");
}

TEST_F(LoadUsers, ThatRaiseInWorkersFailTheLoad) {
  spec.workers.count = 2;
  spec.users = 8;
  auto outcome = run_with(three_raise);
  EXPECT_EQ(outcome.outcome, Outcome::failed) << log();
  EXPECT_EQ(outcome.reason, "8 users asked for, 2 at work: RuntimeError: no login");
}

TEST_F(LoadUsers, OfACourseThatRaiseFailIt) {
  spec.phases = {{Milliseconds(1'000), 4, 20, 0, 0}, {Milliseconds(1'000), 1, 20, 0, 0}};
  auto outcome = run_with(three_raise);
  EXPECT_EQ(outcome.outcome, Outcome::failed) << log();
  EXPECT_EQ(outcome.reason.substr(0, 64), "3 users of the load ended before their time: RuntimeError: no lo");
  std::filesystem::remove_all(bench.root + "/attempt");
  std::filesystem::create_directories(bench.root + "/attempt");
  outcome = run_with("    def on_stop(self):\n        raise RuntimeError('told to stop')\n");
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << log();
}

TEST_F(LoadUsers, WhoAreAllGoneEndTheLoad) {
  spec.duration = Milliseconds(60'000);
  auto before = clock.now();
  auto outcome = run_with("    def on_start(self):\n        raise RuntimeError('no login')\n");
  EXPECT_EQ(outcome.outcome, Outcome::failed) << log();
  EXPECT_EQ(outcome.reason, "4 users asked for, 0 at work: RuntimeError: no login");
  EXPECT_LT(clock.now() - before, Milliseconds(20'000));
}

TEST_F(LoadUsers, ThatStopThemselvesMakeItAnotherLoad) {
  auto outcome = run_with("", "if next(looks) == 20: raise StopUser()");
  EXPECT_EQ(outcome.outcome, Outcome::inconclusive) << log();
  EXPECT_EQ(outcome.reason, "4 users asked for, 3 at work: 1 user ended by itself (StopUser)");
}

TEST_F(LoadUsers, SettingsBesideThePipelineAreNamedAndNotObeyed) {
  spec.expect["requests"] = {Bound::Relation::greater_equal, 50, ">= 50"};
  bench.write("checkout/locust.conf", "# as on the author's machine\nrun-time = 1s\nmaster = true\nusers = 1\n");
  auto made = request(usual_py);
  made.environment["LOCUST_SPAWN_RATE"] = "0.1";
  auto outcome = bench.await(LoadStage(steps, http, clock).run(made));
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason << log();
  ASSERT_TRUE(outcome.window);
  EXPECT_GT(outcome.window->end - outcome.window->begin, Milliseconds(1'800));
  EXPECT_NE(log().find("locust.conf is not obeyed (run-time, master, users): the pipeline says what the load is"),
            std::string::npos)
      << log();
  EXPECT_NE(log().find("LOCUST_SPAWN_RATE is not obeyed"), std::string::npos) << log();
}

TEST_F(LoadUsers, AnExitStatusIsToldWithTheLastErrorAndNoTable) {
  const std::string ends =
      "from locust import events\n@events.quitting.add_listener\ndef judge(environment, **_):\n"
      "    environment.process_exit_code = 3\n";
  auto outcome = run(std::string(usual_py) + ends);
  EXPECT_EQ(outcome.outcome, Outcome::failed) << log();
  EXPECT_EQ(outcome.reason, "Locust ended with exit status 3");
  std::filesystem::remove_all(bench.root + "/attempt");
  std::filesystem::create_directories(bench.root + "/attempt");
  outcome = run(std::string(usual_py) + ends + "    import logging\n    logging.error('the p95 is too high')\n");
  EXPECT_EQ(outcome.reason, "Locust ended with exit status 3: the p95 is too high");
}

}  // namespace
}  // namespace quietgate
