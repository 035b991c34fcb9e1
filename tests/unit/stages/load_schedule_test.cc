// Loads by a schedule: kept or not, and what a stall does to them.
#include <gtest/gtest.h>

#include "stages/expectation.h"
#include "stages/load_judgement.h"
#include "tests/support/locust_rows.h"

namespace quietgate {
namespace {

LoadReport read(const LocustRowWriter& rows) {
  LoadReport report(Milliseconds(0));
  report.add(rows.text());
  EXPECT_EQ(report.damage, "");
  return report;
}

LocustEnd ended() {
  return {LocustEnd::How::exited, 0, "exit status 0", {}};
}

LoadSpec spec_of(std::map<std::string, Bound> expect) {
  LoadSpec spec;
  spec.duration = Milliseconds(10'000);
  spec.expect = std::move(expect);
  return spec;
}

Bound at_most(double value) {
  return {Bound::Relation::less_equal, value, "<="};
}

// Ten users for 170 tasks a second: what they could not begin waits, and its waiting is no response time of the
// service.
TEST(LoadSchedule, AScheduleThatWasNotKeptBlamesNobody) {
  auto of = [](int begun, int failed) {
    return read(LocustRowWriter()
                    .loaded()
                    .started()
                    .schedule(170, begun)
                    .seconds(10, std::vector<double>(100, 11600), failed)
                    .stopping(10)
                    .final());
  };
  auto spec = spec_of({{"p95", at_most(250)},
                       {"mean", at_most(250)},
                       {"max", at_most(250)},
                       {"requests", {Bound::Relation::greater_equal, 1700, ""}},
                       {"requests_per_second", {Bound::Relation::greater_equal, 160, ""}},
                       {"failure_ratio", at_most(0.01)}});
  spec.endpoints = {{"GET /", {{"p95", at_most(250)}}}};
  auto summary = summarise(judge_load(of(100, 0), ended(), spec));
  EXPECT_EQ(summary.outcome, Outcome::inconclusive) << summary.sentence;
  EXPECT_NE(summary.sentence.find("could not keep up"), std::string::npos) << "the reason comes first";
  for (const auto& check : judge_load(of(100, 0), ended(), spec)) {
    if (check.name == "p95") {
      EXPECT_NE(
          check.sentence.find(", but the load generator did not keep the schedule: this was not the load that was "
                              "asked for"),
          std::string::npos)
          << check.sentence;
    }
    EXPECT_NE(check.outcome, Outcome::failed) << check.sentence;
  }
  // Nor one of which more was sent than was asked for.
  for (const auto& check : judge_load(of(300, 0), ended(), spec)) {
    if (check.name != "p95") continue;
    EXPECT_EQ(check.outcome, Outcome::inconclusive) << check.sentence;
  }
  summary = summarise(judge_load(of(100, 2), ended(), spec));
  EXPECT_EQ(summary.outcome, Outcome::failed) << "requests that failed did fail";
  EXPECT_EQ(summary.sentence.substr(0, 20), "failure ratio 0.020 ");
  EXPECT_EQ(summarise(judge_load(of(170, 0), ended(), spec)).outcome, Outcome::failed) << "this is the service";
}

struct Shortage {
  double sent = 2000;  // milliseconds that requests took from when they were sent
  int busy = 4;        // of four users
  double lag = 0.02;
  double cpu = 0.4;
  int begun = 100;  // of 170
};

Summary judged(const Shortage& shortage, const LoadSpec& spec) {
  return summarise(judge_load(read(LocustRowWriter()
                                       .loaded()
                                       .started()
                                       .schedule(170, shortage.begun)
                                       .busy(shortage.busy, shortage.lag)
                                       .cpu(shortage.cpu)
                                       .late(11'600 - shortage.sent)
                                       .seconds(10, std::vector<double>(100, 11'600))
                                       .stopping(10)
                                       .final()),
                              ended(), spec));
}

// What all users waited for is a lower bound of how slow the service is: enough to refuse, never to pass.
TEST(LoadSchedule, AServiceForWhichAllUsersWaitIsSlow) {
  const auto spec = spec_of({{"p95", {Bound::Relation::less_equal, 250, "<= 250ms"}}});
  const auto slow = judged({}, spec);
  EXPECT_EQ(slow.outcome, Outcome::failed);
  EXPECT_EQ(slow.sentence,
            "p95 at least 1,955 ms > 250 ms (95 % confidence, 1,000 requests, from when they were really sent): only "
            "58.8 % of the scheduled arrivals began, for 100 % of the users waited for answers");
  auto of_one = spec_of({});
  of_one.endpoints = {{"GET /", {{"p99", {Bound::Relation::less, 250, "< 250ms"}}}}};
  EXPECT_EQ(judged({}, of_one).outcome, Outcome::failed);
  const std::pair<const char*, Shortage> others[] = {
      {"fast for those that it was sent", {.sent = 200}}, {"half of the users had nothing to do", {.busy = 2}},
      {"it is not known who waited", {.busy = -1}},       {"the generator held itself up", {.lag = 0.9}},
      {"its processor was short", {.cpu = 0.95}},         {"more began than were asked for", {.begun = 300}}};
  for (const auto& [why, shortage] : others) {
    EXPECT_EQ(judged(shortage, spec).outcome, Outcome::inconclusive) << why;
  }
  const auto passes = spec_of({{"p95", {Bound::Relation::greater_equal, 3000, ">= 3s"}}, {"max", at_most(250)}});
  EXPECT_EQ(judged({}, passes).outcome, Outcome::inconclusive) << "no upper bound of a percentile";
}

// The buckets hold what was sent later than it was due, and what was not.
TEST(LoadSchedule, RequestsFromWhenTheyWereSent) {
  auto rows = LocustRowWriter().loaded().started().schedule(4, 4).busy(3);
  const auto report = read(rows.seconds(3, {100, 100}).late(90).seconds(1, {100, 100}).stopping(4).final());
  EXPECT_EQ(report.steady_sent.count(), 8);
  EXPECT_NEAR(report.steady_sent.ranked(2), 10, 0.1);
  EXPECT_NEAR(report.steady_sent.ranked(3), 100, 0.4);
  EXPECT_NEAR(report.busy_users(), 0.75, 1e-9);
  EXPECT_EQ(report.steady_lag(), 0.02);
  LoadReport torn(Milliseconds(0));
  torn.add(
      LocustRowWriter()
          .loaded()
          .row(
              R"({"kind": "second", "second": 0, "users": 1, "exceptions": 0, "intended": 1, "begun": 1, "endpoints": [)"
              R"({"name": "a", "requests": 2, "failures": 0, "timed": 2, "sum": 2, "min": 1, "max": 1,)"
              R"( "buckets": [[1, 2]], "sent": [[1, 1]]}]})")
          .text());
  EXPECT_EQ(torn.damage, "line 2: the sent do not add up to `timed`");
}

TEST(LoadSchedule, WhatIsLackingForAComparisonHasAReason) {
  auto of = [](int requests, int begun) {
    return measures_of(read(LocustRowWriter()
                                .loaded()
                                .started()
                                .schedule(100, begun)
                                .second(std::vector<double>(static_cast<std::size_t>(requests), 2000))
                                .stopping(1)
                                .final()));
  };
  auto slow = of(40, 100);
  EXPECT_EQ(slow.values.count("p50"), 1u);
  EXPECT_EQ(slow.values.count("p95"), 0u);
  EXPECT_EQ(slow.lacking.at("p95"), "40 requests after the warm-up, p95 needs 59");
  EXPECT_EQ(slow.values.at("requests_per_second"), 40);
  auto another = of(400, 59);
  EXPECT_EQ(another.values.size(), 1u) << "another load than the others";
  EXPECT_EQ(another.values.at("failure_ratio"), 0);
  EXPECT_EQ(another.lacking.at("p95"), "59.0 % of the scheduled arrivals began");
  EXPECT_EQ(another.lacking.size(), 4u);
  EXPECT_EQ(measures_of(LoadReport(Milliseconds(0))).lacking.size(), 5u);
}

// Expected-interval correction, as HdrHistogram does it, turns 99 times 10 ms and one stall of 5 s at ten requests a
// second into 149 values with a p95 of 4300 ms and a p99 of 4900 ms; uncorrected both are 10 ms. An open model needs no
// correction: the 49 tasks that are due in the stall take place, each counts from when it was due, and when the stall
// ends all of them are answered, so that these are the very values that the correction makes up.
TEST(LoadSchedule, AStallShowsInEveryRequestThatWasDueInIt) {
  constexpr int interval = 100, usual = 10, stall = 5000, tasks = 149, stalled = 50;  // milliseconds; the 50th stalls
  std::vector<double> open, closed;
  const int end = stalled * interval + stall;
  for (int task = 0; task < tasks; ++task) {
    const int due = task * interval;
    const bool waits = due >= stalled * interval && due < end;
    open.push_back(waits ? end - due : usual);
    if (!waits || task == stalled) closed.push_back(open.back());
  }
  auto rows_of = [](const std::vector<double>& times) {
    return read(LocustRowWriter().loaded().started().second(times).stopping(1).final());
  };
  const auto scheduled = rows_of(open).steady, naive = rows_of(closed).steady;
  EXPECT_EQ(scheduled.count(), 149);
  EXPECT_NEAR(scheduled.percentile(0.95), 4300, 4300 * 0.004);
  EXPECT_NEAR(scheduled.percentile(0.99), 4900, 4900 * 0.004);
  EXPECT_EQ(naive.count(), 100);
  EXPECT_NEAR(naive.percentile(0.95), 10, 0.04);
  EXPECT_NEAR(naive.percentile(0.99), 10, 0.04);
}

}  // namespace
}  // namespace quietgate
