#include "runner/model/stage_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runner/model/event.h"

namespace quietgate {
namespace {

using testing::ElementsAre;

const std::string gate =
    R"({"during":["load"],"layers":[],"prometheus":"${{ a.b }}","quiet_for":0,"rules":["r"],"waivers":{"P1":"${{ w }}"}})";

StageBody watched() {
  return {"later",
          R"({"name":"${{ n }}","watch":{"gate":)" + gate + "}}",
          {},
          {.gate_at = "watch/gate", .as_is = {"name"}}};
}

Plan plan_with(const std::string& body) {
  Plan plan;
  plan.stages.resize(1);
  auto json = to_json(plan);
  const auto at = json.find(R"("body":)") + 7;
  json.replace(at, json.find(R"(,"continue_on_error")") - at, body);
  auto read = plan_from_json(json);
  EXPECT_TRUE(read) << read.error().message;
  return read ? *read : Plan{};
}

TEST(StageBody, HasTheGateThatStandsInItsSpec) {
  ASSERT_NE(watched().gate(), nullptr);
  EXPECT_EQ(watched().gate()->waivers.at("P1"), "${{ w }}");
  EXPECT_EQ(StageBody("later", R"({"watch":null})", {}, {.gate_at = "watch/gate"}).gate(), nullptr);
  EXPECT_EQ(StageBody("later", "{}", {}, {.gate_at = "watch/gate"}).gate(), nullptr);
  EXPECT_THROW(StageBody("later", R"({"gate":7})", {}, {.gate_at = "gate"}), std::exception);
  EXPECT_THROW(StageBody("later", "[]", {}), std::exception);
}

TEST(StageBody, GivesItsTemplatesAndNoOtherText) {
  std::vector<std::string> seen;
  auto body = watched();
  body.each_template([&](std::string& text) {
    seen.push_back(text);
    if (text == "${{ a.b }}") text = "http://p";
  });
  EXPECT_THAT(seen, ElementsAre("load", "${{ a.b }}", "r"));
  EXPECT_EQ(body.gate()->prometheus, "http://p");
  EXPECT_EQ(watched().gate()->prometheus, "${{ a.b }}");
}

TEST(StageBody, JudgesOtherWindows) {
  auto body = watched();
  body.judge_windows({"load.1", "load.2"});
  EXPECT_THAT(body.gate()->during, ElementsAre("load.1", "load.2"));
  EXPECT_NE(body.spec().find(R"({"name":"${{ n }}","watch":{"gate":{"during":["load.1","load.2"],)"), std::string::npos)
      << body.spec();
}

TEST(StageBody, ARollbackHasTheSpecThatStandsIn) {
  StageBody body{"later", R"({"branch":"b","gate":null})", {.promotes = true}};
  EXPECT_EQ(body.in_rollback("production", "abc"), body) << "nothing stands in";
  body = {"later", R"({"branch":"b"})", {.promotes = true}, {.in_rollback = R"({"back_from":"","branch":"","z":1})"}};
  const auto back = body.in_rollback("production", "abc");
  EXPECT_EQ(back.spec(), R"({"back_from":"abc","branch":"production","z":1})");
  EXPECT_TRUE(back.relations().in_rollback.empty());
  EXPECT_TRUE(back.traits().promotes);
}

// All that is told of a body of a kind that this version does not know.
TEST(StageBody, GoesThroughAPlan) {
  StageRelations all{.gate_at = "watch/gate",
                     .watches = Milliseconds{5},
                     .window_of = "a",
                     .window = Milliseconds{7},
                     .window_before = true,
                     .in_rollback = R"({"a":1.5})",
                     .as_is = {"name"}};
  Plan plan;
  plan.stages.resize(1);
  plan.stages[0].body = {"later", watched().spec(), {.takes_slot = false, .resolves_rest = true}, all};
  const auto again = plan_from_json(to_json(plan));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, plan);
  EXPECT_EQ(again->stages[0].body.relations(), all);
  EXPECT_EQ(*again->stages[0].body.gate(), *watched().gate());
}

// The plan says of a kind that older plans could have what they could not say, and nothing else.
TEST(StageBody, NamesTraitsOnlyWhereOlderPlansDidNotMeanThem) {
  Plan plan;
  plan.stages.resize(1);
  plan.stages[0].body = {"fault", R"({"alerts":[]})", {.runs_in_tree = true}, {.as_is = {"alerts"}}};
  EXPECT_NE(to_json(plan).find(R"("body":{"fault":{"alerts":[]}})"), std::string::npos) << to_json(plan);
  plan.stages[0].body = {"fault", R"({"alerts":[]})", {.runs_in_tree = true, .tests = true}, {.as_is = {"alerts"}}};
  EXPECT_NE(to_json(plan).find(R"("body":{"open":{"kind":"fault")"), std::string::npos) << to_json(plan);
  EXPECT_EQ(*plan_from_json(to_json(plan)), plan);
}

// What later versions wrote into a spec is read over; what earlier ones did not write stays away: the hash holds.
TEST(StageBody, OfAnOlderPlanKeepsItsBytes) {
  const std::string body =
      R"({"promote":{"approval":"none","branch":"x","gate":{"during":[],"layers":[],"prometheus":"","quiet_for":0,"rules":[]}}})";
  const auto plan = plan_with(body);
  ASSERT_EQ(plan.stages.size(), 1u);
  EXPECT_TRUE(traits_of(plan.stages[0]).promotes);
  EXPECT_FALSE(traits_of(plan.stages[0]).takes_slot);
  EXPECT_NE(gate_of(plan.stages[0]), nullptr);
  EXPECT_NE(to_json(plan).find(body), std::string::npos) << to_json(plan);
}

TEST(StageBody, OfAnUnknownKindWithoutTraitsIsNotRead) {
  Plan plan;
  plan.stages.resize(1);
  auto json = to_json(plan);
  const auto at = json.find(R"("body":)") + 7;
  json.replace(at, json.find(R"(,"continue_on_error")") - at, R"({"later":{}})");
  EXPECT_EQ(plan_from_json(json).error().message,
            "a stored plan can't be read: stages: body: unknown kind of stages `later`");
}

}  // namespace
}  // namespace quietgate
