// Loads by a schedule: kept or not, and what a stall does to them.
#include <gtest/gtest.h>

#include "stages/attempt/expectation.h"
#include "stages/load/load_judgement.h"
#include "tests/support/locust_rows.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

LoadReport read(const LocustRowWriter& rows) {
  LoadReport report(Milliseconds(0));
  report.add(rows.text());
  EXPECT_EQ(report.damage, "");
  return report;
}

LoadEnd ended() {
  return {LoadEnd::How::exited, 0, "exit status 0", {}};
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
