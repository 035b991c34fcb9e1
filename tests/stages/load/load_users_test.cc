#include "stages/load/load_users.h"

#include <gtest/gtest.h>

#include "stages/attempt/expectation.h"
#include "stages/load/load_judgement.h"
#include "tests/support/locust_rows.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

LoadSpec four_users() {
  LoadSpec spec;
  spec.users = 4;
  spec.spawn_rate = 4;
  spec.duration = Milliseconds(20'000);
  spec.expect = {{"failure_ratio", {Bound::Relation::less_equal, 0.5, "<= 0.5"}}};
  return spec;
}

LocustRowWriter begun() {
  return LocustRowWriter().loaded().started();
}

LoadReport read(LocustRowWriter rows, double length) {
  LoadReport report{Milliseconds(0)};
  report.add(rows.stopping(length).final().text());
  EXPECT_EQ(report.damage, "");
  return report;
}

LoadEnd in_order() {
  return {LoadEnd::How::exited, 0, "exit status 0", {}};
}

TEST(LoadUsers, ThatRaisedFailTheLoadWhateverItsBounds) {
  auto rows = begun().second({1, 1}).gone(3, 0, "RuntimeError: no login");
  for (int i = 0; i < 19; ++i) rows.second({1, 1}, 0, 0, 1);
  const auto report = read(rows, 20);
  const auto summary = summarise(judge_load(report, in_order(), four_users()));
  EXPECT_EQ(summary.outcome, Outcome::failed);
  EXPECT_EQ(summary.sentence, "4 users asked for, 1 at work: RuntimeError: no login");
  EXPECT_FALSE(deserted(report, four_users()));
}

TEST(LoadUsers, ThatLeftMakeItAnotherLoad) {
  auto rows = begun().gone(0, 1, "").second({1, 1}, 0, 0, 3);
  auto check = users_check(read(rows, 1), four_users());
  ASSERT_TRUE(check);
  EXPECT_EQ(check->outcome, Outcome::inconclusive);
  EXPECT_EQ(check->sentence, "4 users asked for, 3 at work: 1 user ended by itself (StopUser)");
  rows.gone(1, 2, "KeyError: 'id'").second({1}, 0, 0, 1);
  check = users_check(read(rows, 2), four_users());
  EXPECT_EQ(check->outcome, Outcome::failed);
  EXPECT_EQ(check->sentence, "4 users asked for, 1 at work: KeyError: 'id'; 2 users ended by themselves (StopUser)");
}

TEST(LoadUsers, OfACourseAreMissedToo) {
  auto spec = four_users();
  spec.phases = {{Milliseconds(10'000), 2, 2, 0, 0}, {Milliseconds(10'000), 4, 2, 0, 0}};
  const auto rows = begun().gone(2, 0, "RuntimeError: x").second({1}, 0, 0, 0);
  const auto report = read(rows, 1);
  EXPECT_EQ(users_check(report, spec)->sentence, "2 users of the load ended before their time: RuntimeError: x");
  EXPECT_EQ(users_check(report, spec)->outcome, Outcome::failed);
  EXPECT_FALSE(users_check(read(begun().second({1}, 0, 0, 1), 1), spec)) << "how many there are to be changes";
}

TEST(LoadUsers, NobodyLeftEndsTheLoad) {
  LoadReport report{Milliseconds(0)};
  report.add(begun().gone(4, 0, "RuntimeError: no login").second({}, 0, 0, 0).text());
  EXPECT_TRUE(hopeless(report, four_users()));
  const auto check = judge_completion(report, {LoadEnd::How::overdue, 0, "it was ended", ""}, four_users(), "/c");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->outcome, Outcome::failed);
  EXPECT_EQ(check->sentence, "4 users asked for, 0 at work: RuntimeError: no login");
}

TEST(LoadUsers, AreCountedOnceAllWereThere) {
  const auto of = [](const std::vector<int>& users) {
    auto rows = begun();
    for (const int count : users) rows.second({1}, 0, 0, count);
    return users_check(read(rows, static_cast<double>(users.size())), four_users());
  };
  EXPECT_FALSE(of({1, 2, 4, 4, 4}));
  EXPECT_FALSE(of({4, 3, 4, 4})) << "a worker's count comes late";
  EXPECT_FALSE(of({2, 3, 3})) << "they may still come";
  auto check = of({2, 4, 4, 3, 3, 4});
  ASSERT_TRUE(check);
  EXPECT_EQ(check->outcome, Outcome::inconclusive);
  EXPECT_EQ(check->sentence, "4 users asked for, 3 at work in second 3 of the load");
  EXPECT_TRUE(of(std::vector<int>(12, 3))) << "they never came";
}

TEST(LoadUsers, AreLocustsAlone) {
  auto spec = four_users();
  spec.k6 = "load.js";
  EXPECT_FALSE(users_check(read(begun().second({1}, 0, 0, 0).second({1}, 0, 0, 0), 2), spec));
}

}  // namespace
}  // namespace quietgate
