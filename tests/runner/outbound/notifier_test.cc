#include "runner/outbound/notifier.h"

#include <gmock/gmock.h>

#include "tests/runner/engine/engine_world.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Receiver final : Http {
  std::vector<std::string> heard;  // url and body
  int refuse = 0;                  // so many answers are 500
  Task<Result<HttpResponse>> send(HttpRequest request, Stop& stop) override {
    stop.throw_if_requested();
    HttpResponse answer;
    answer.status = refuse > 0 && refuse-- > 0 ? 500 : 200;
    if (answer.status == 200) heard.push_back(request.url + " " + request.body);
    co_return answer;
  }
};

class NotifierTest : public testing::Test {
 protected:
  ~NotifierTest() override {
    stop.request(StopReason::shutdown, "over");
    world.settle();
  }
  void start(std::vector<NotificationRule> rules) {
    notifier.emplace(*world.slow, *world.slow_catalog, receiver, world.clock, std::move(rules),
                     [this](const std::string& line) { world.said.push_back(line); });
    spawn(world.io.get_executor(), notifier->tell(stop), [](std::exception_ptr) {});
    world.settle();
  }

  const RunId run{"hello", 1};
  EngineWorld world;
  Receiver receiver;
  Stop stop;
  std::optional<Notifier> notifier;
};

TEST_F(NotifierTest, TellsEachReceiverWhatItAskedFor) {
  world.append({RunFinished{run, Outcome::failed, "before it listened"}});
  start({{"http://a", {Notice::promoted, Notice::rolled_back}}, {"http://b", {Notice::failed, Notice::approval}}});
  world.append(
      {CommitPromoted{run, "production", "production", "c0", "c1"},
       CommitPromoted{run, "production", "production", "c1", "c0", true},
       RunRequested{{"hello", 2}, "main", "c0", "rollback of hello/1 by ana", {run, "production", "c1", "ana", "slow"}},
       RunRequested{{"hello", 3}, "main", "c2", "main moved", {}}, ApprovalAwaited{run, "sign", "ship it?"},
       RunFinished{run, Outcome::passed, ""}, RunFinished{{"hello", 2}, Outcome::inconclusive, "blind \xff"}});
  const auto text = [](const std::string& url, const std::string& words) {
    return "http://" + url + " {\"text\":\"" + words + "\"}";
  };
  EXPECT_THAT(receiver.heard,
              ElementsAre(text("a", "production of hello is now at c1 (run hello/1)"),
                          text("a", "production of hello was rolled back from c1 to c0 (run hello/1)"),
                          text("a", "hello/2: rollback of hello/1 by ana: slow"),
                          text("b", "run hello/1 waits for a person: ship it? (quietgate approve hello/1 sign)"),
                          HasSubstr("run hello/2 ended as inconclusive: blind ")));
}

TEST_F(NotifierTest, TellsOfACancelledRunWhoseReleaseWasCut) {
  start({{"http://a", {Notice::failed}}});
  auto production = test_stage("production");
  production.body = PromoteSpec{};
  auto release = test_stage("release", {"production"});
  ApplySpec keeps;
  keeps.keep = true;
  release.body = keeps;
  Plan plan;
  plan.stages = {production, release};
  world.append({RunRequested{run, "main", "c1", "test"}, PlanCompiled{run, plan}, StageStarted{run, "production", 1},
                CancelRequested{run, "ana", "cancelled by ana"}, RunFinished{run, Outcome::cancelled, "in time"}});
  EXPECT_THAT(receiver.heard, IsEmpty());
  const RunId cut{"hello", 2};
  world.append({RunRequested{cut, "main", "c1", "test"}, PlanCompiled{cut, plan}, StageStarted{cut, "production", 1},
                CommitPromoted{cut, "production", "production", "c0", "c1"},
                RunFinished{cut, Outcome::cancelled, "cancelled by ana; production is at c1"}});
  EXPECT_THAT(receiver.heard,
              ElementsAre(HasSubstr("run hello/2 ended as cancelled: cancelled by ana; production is at c1")));
  // Nobody need do anything about a release that is put back already.
  const RunId back{"hello", 3};
  receiver.heard.clear();
  world.append({RunRequested{back, "main", "c1", "test"}, PlanCompiled{back, plan}, StageStarted{back, "production", 1},
                CommitPromoted{back, "production", "production", "c0", "c1"},
                RunRequested{{"hello", 4}, "main", "c0", "rollback", {back, "production", "c1", "ana", "slow"}},
                RunFinished{back, Outcome::cancelled, "rolled back by ana: slow"}});
  EXPECT_THAT(receiver.heard, IsEmpty());
}

TEST_F(NotifierTest, TriesThreeTimesAndGoesOn) {
  start({{"http://secret", {Notice::promoted}}});
  receiver.refuse = 2;
  world.append({CommitPromoted{run, "production", "production", "c0", "c1"}});
  world.advance(Milliseconds{2'000});
  world.advance(Milliseconds{10'000});
  EXPECT_EQ(receiver.heard.size(), 1U);
  EXPECT_THAT(world.said, IsEmpty());
  receiver.refuse = 3;
  world.append({CommitPromoted{run, "production", "production", "c1", "c2"},
                CommitPromoted{run, "production", "production", "c2", "c3"}});
  world.advance(Milliseconds{2'000});
  world.advance(Milliseconds{10'000});
  ASSERT_EQ(world.said.size(), 1U);
  EXPECT_THAT(world.said[0],
              HasSubstr("a webhook did not accept a notification (it answered 500): production of hello is now at c2"));
  EXPECT_EQ(world.said[0].find("secret"), std::string::npos);
  EXPECT_EQ(receiver.heard.size(), 2U);
}

}  // namespace
}  // namespace quietgate
