#include "runner/engine/upkeep/publisher.h"

#include <gmock/gmock.h>

#include "tests/runner/engine/engine_world.h"

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PublisherTest : public testing::Test {
 protected:
  PublisherTest() {
    world.append({RunRequested{run, "main", "c1", "test", {}}, PlanCompiled{run, Plan{}},
                  EvidenceSealed{run, "production", "c1", "an envelope"}});
  }
  ~PublisherTest() override {
    stop.request(StopReason::shutdown, "over");
    world.settle();
  }
  void start(std::vector<Repository> known) {
    publisher.emplace(*world.slow, *world.slow_catalog, world.git, world.clock, git_remotes(known),
                      [this](const std::string& line) { world.said.push_back(line); });
    spawn(world.io.get_executor(), publisher->publish(stop), [](std::exception_ptr) {});
    world.settle();
  }
  void pass(int seconds) {
    for (int i = 0; i < seconds; i += 5) world.advance(Milliseconds{5'000});
  }
  void end_run() { world.append({RunFinished{run, Outcome::passed, ""}}); }

  const RunId run{"hello", 1};
  EngineWorld world;
  Stop stop;
  std::optional<Publisher> publisher;
};

TEST_F(PublisherTest, LeavesItToTheStageWhileThatMayStillDoIt) {
  start({world.repository});
  pass(60);
  EXPECT_THAT(world.git.notes["c1"], IsEmpty());
  pass(70);
  EXPECT_THAT(world.git.notes["c1"], ElementsAre("an envelope"));
  EXPECT_EQ(world.types().back(), "EvidencePublished");
  EXPECT_THAT(*world.journal->catalog().unpublished_evidence_now(), IsEmpty());
}

TEST_F(PublisherTest, TriesAgainAndSaysSoOnce) {
  end_run();
  world.git.refuse_notes = "not today";
  start({world.repository});
  pass(300);
  ASSERT_EQ(world.said.size(), 1U);
  EXPECT_THAT(world.said[0], HasSubstr("the evidence of run hello/1 is not attached to its commit yet: the server "
                                       "refused it: not today"));
  world.git.refuse_notes.clear();
  pass(600);
  EXPECT_THAT(world.git.notes["c1"], ElementsAre("an envelope"));
}

TEST_F(PublisherTest, WaitsForARepositoryThatIsNotInTheConfiguration) {
  end_run();
  start({});
  pass(60);
  EXPECT_THAT(world.git.notes["c1"], IsEmpty());
  EXPECT_EQ(world.journal->catalog().unpublished_evidence_now()->size(), 1U);
}

}  // namespace
}  // namespace quietgate
