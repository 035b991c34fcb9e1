#include "stages/load_judgement.h"

#include <gtest/gtest.h>

#include "stages/expectation.h"
#include "tests/support/locust_rows.h"

namespace quietgate {
namespace {

using How = LocustEnd::How;

LoadSpec spec_of(std::map<std::string, Bound> expect = {}) {
  LoadSpec spec;
  spec.duration = Milliseconds(10'000);
  spec.expect = std::move(expect);
  return spec;
}

LoadReport read(const LocustRowWriter& rows, Milliseconds warm_up = Milliseconds(0)) {
  LoadReport report(warm_up);
  report.add(rows.text());
  EXPECT_EQ(report.damage, "");
  return report;
}

LocustRowWriter good(int per_second = 100, double time = 61) {
  return LocustRowWriter()
      .loaded()
      .started()
      .seconds(10, std::vector<double>(static_cast<std::size_t>(per_second), time))
      .stopping(10)
      .final();
}

LocustEnd ended(int code = 0, std::string log = {}) {
  return {How::exited, code, "exit status " + std::to_string(code), std::move(log)};
}

Bound at_most(double value) {
  return {Bound::Relation::less_equal, value, "<="};
}

std::string sentence(const LoadReport& report, const std::string& name, const Bound& bound) {
  auto spec = spec_of({{name, bound}});
  auto checks = judge_load(report, ended(), spec);
  return checks.back().sentence;
}

TEST(LoadJudgement, ACompleteLoadIsComplete) {
  EXPECT_FALSE(judge_completion(read(good()), ended(), spec_of(), "/c"));
  auto checks = judge_load(read(good()), ended(), spec_of());
  ASSERT_EQ(checks.size(), 1u);
  EXPECT_EQ(checks[0].outcome, Outcome::passed);
  EXPECT_EQ(checks[0].sentence, "1,000 requests in 10 s");
}

TEST(LoadJudgement, AlittleShortIsLocustsTimer) {
  auto length = [](double seconds) {
    return judge_completion(read(LocustRowWriter().loaded().started().seconds(9, {1}).stopping(seconds).final()),
                            ended(), spec_of(), "/c");
  };
  EXPECT_FALSE(length(9.5));
  EXPECT_FALSE(length(9.0));
  auto check = length(8.9);
  ASSERT_TRUE(check);
  EXPECT_EQ(check->outcome, Outcome::failed);
  EXPECT_EQ(check->sentence, "the locustfile ended the load after 8.9 s of 10 s");
  auto spec = spec_of();
  spec.duration = Milliseconds(100'000);
  auto of_many = [&](double seconds) {
    return judge_completion(read(LocustRowWriter().loaded().started().second({1}).stopping(seconds).final()), ended(),
                            spec, "/c");
  };
  EXPECT_FALSE(of_many(95));
  EXPECT_TRUE(of_many(94.9));
}

TEST(LoadJudgement, SaysWhatIsWrongWithALocustfile) {
  auto rows = LocustRowWriter().loaded().row(
      R"({"kind": "crash", "error": "SyntaxError: invalid syntax", "file": "/c/load/l.py", "line": 3})");
  auto check = judge_completion(read(rows), ended(1), spec_of(), "/c");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->outcome, Outcome::failed);
  EXPECT_EQ(check->sentence, "the locustfile could not be used: SyntaxError: invalid syntax (load/l.py line 3)");
  auto none = judge_completion(read(LocustRowWriter().loaded()),
                               ended(1, "[2026-11-23 01:15:01,240] vm/ERROR/locust.main: No User class found!\n"),
                               spec_of(), "/c");
  ASSERT_TRUE(none);
  EXPECT_EQ(none->outcome, Outcome::failed);
  EXPECT_EQ(none->sentence, "Locust did not begin the load (exit status 1): No User class found!");
}

TEST(LoadJudgement, ABreakOutsideTheRepositoryIsOurs) {
  auto rows = LocustRowWriter().loaded().row(
      R"({"kind": "crash", "error": "OSError: x", "file": "/usr/bin/locust", "line": 8})");
  EXPECT_EQ(judge_completion(read(rows), ended(1), spec_of(), "/c")->outcome, Outcome::error);
}

TEST(LoadJudgement, OnlyExceptionsAreTheLocustfilesFault) {
  auto rows = LocustRowWriter().loaded().started().second({}, 0, 30).second({}).second({}).second({});
  EXPECT_TRUE(hopeless(read(rows)));
  rows.stopping(4).final(R"(["raised Exception: No tasks defined on U", 30])");
  auto check = judge_completion(read(rows), {How::overdue, 0, "x", ""}, spec_of(), "/c");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->outcome, Outcome::failed);
  EXPECT_EQ(check->sentence,
            "the locustfile sent no requests and raised 30 exceptions: Exception: No tasks defined on U");
  EXPECT_FALSE(hopeless(read(good())));
}

TEST(LoadJudgement, WhatEndsLocustFromOutsideIsAnError) {
  auto rows = LocustRowWriter().loaded().started().seconds(3, {1});
  auto killed = judge_completion(read(rows), {How::killed, 0, "killed by SIGKILL", ""}, spec_of(), "/c");
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed->outcome, Outcome::error);
  EXPECT_EQ(killed->sentence, "Locust was ended from outside: killed by SIGKILL after 3 s of 10 s");
  rows.final().exit(0);
  auto interrupted = judge_completion(read(rows), ended(0), spec_of(), "/c");
  ASSERT_TRUE(interrupted) << "SIGTERM ends Locust with status 0";
  EXPECT_EQ(interrupted->outcome, Outcome::error);
  auto missing =
      judge_completion(read(LocustRowWriter()), {How::not_started, 0, "could not be started: x", ""}, spec_of(), "/c");
  EXPECT_EQ(missing->outcome, Outcome::error);
  EXPECT_EQ(judge_completion(read(LocustRowWriter()), ended(1, "ImportError: gevent\n"), spec_of(), "/c")->sentence,
            "Locust did not come up (exit status 1): ImportError: gevent");
}

TEST(LoadJudgement, ExitStatusZeroIsNoProof) {
  auto rows = LocustRowWriter().loaded().started().seconds(10, {1}).stopping(10);
  auto check = judge_completion(read(rows), ended(0), spec_of(), "/c");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->outcome, Outcome::failed);
  auto overdue = judge_completion(read(rows), {How::overdue, 0, "it still ran", ""}, spec_of(), "/c");
  EXPECT_EQ(overdue->sentence, "Locust did not end: it still ran");
}

TEST(LoadJudgement, DamagedRowsAreInconclusive) {
  LoadReport report{Milliseconds(0)};
  report.add(good().text() + "garbage\n");
  EXPECT_EQ(judge_completion(report, ended(), spec_of(), "/c")->outcome, Outcome::inconclusive);
}

TEST(LoadJudgement, NoRequestsNeverPass) {
  auto report = read(LocustRowWriter().loaded().started().seconds(10, {}).stopping(10).final());
  EXPECT_FALSE(judge_completion(report, ended(), spec_of(), "/c"));
  for (const auto& spec : {spec_of(), spec_of({{"failure_ratio", at_most(1)},
                                               {"p95", at_most(1e9)},
                                               {"max", at_most(1e9)},
                                               {"requests_per_second", at_most(1e9)},
                                               {"requests", at_most(1e9)}})}) {
    auto checks = judge_load(report, ended(), spec);
    for (const auto& check : checks) EXPECT_EQ(check.outcome, Outcome::inconclusive) << check.sentence;
    EXPECT_EQ(checks[0].sentence, "Locust sent no requests in 10 s");
  }
}

TEST(LoadJudgement, SaysEveryExpectationWithItsArithmetic) {
  auto report = read(good());
  EXPECT_EQ(sentence(report, "p95", at_most(250)), "p95 61 ms <= 250 ms over 10 s (1,000 requests)");
  EXPECT_EQ(sentence(report, "p50", at_most(50)), "p50 61 ms > 50 ms over 10 s (1,000 requests)");
  EXPECT_EQ(sentence(report, "mean", at_most(250)), "mean 61 ms <= 250 ms over 10 s (1,000 requests)");
  EXPECT_EQ(sentence(report, "max", at_most(60)), "max 61 ms > 60 ms over 10 s (1,000 requests)");
  EXPECT_EQ(sentence(report, "failure_ratio", at_most(0.01)), "failure ratio 0.000 <= 0.01 over 10 s (1,000 requests)");
  EXPECT_EQ(sentence(report, "requests", {Bound::Relation::greater_equal, 2000, ""}),
            "requests 1,000 < 2,000 over 10 s");
  EXPECT_EQ(sentence(report, "requests_per_second", {Bound::Relation::greater_equal, 100, ""}),
            "rate 100 req/s >= 100 req/s over 10 s (1,000 requests)");
  EXPECT_EQ(judge_load(report, ended(), spec_of({{"p42x", at_most(1)}})).back().outcome, Outcome::inconclusive);
}

TEST(LoadJudgement, FailuresCountFromTheStartAndAreNamed) {
  auto rows = LocustRowWriter().loaded().started().second({1, 1}, 2).seconds(9, {1, 1}).stopping(10).final(
      R"(["GET /work: 500", 2])");
  EXPECT_EQ(sentence(read(rows, Milliseconds(5'000)), "failure_ratio", at_most(0.01)),
            "failure ratio 0.100 > 0.01 over 10 s (20 requests), mostly GET /work: 500 (2 times)");
}

TEST(LoadJudgement, PercentilesAndRateAreOfTheSteadyState) {
  auto rows = LocustRowWriter()
                  .loaded()
                  .started()
                  .seconds(2, std::vector<double>(100, 900))
                  .seconds(8, std::vector<double>(50, 20))
                  .stopping(10)
                  .final();
  auto report = read(rows, Milliseconds(2'000));
  EXPECT_EQ(sentence(report, "p95", at_most(100)), "p95 20 ms <= 100 ms over 8 s (400 requests)");
  EXPECT_EQ(sentence(report, "requests_per_second", at_most(60)), "rate 50 req/s <= 60 req/s over 8 s (400 requests)");
}

TEST(LoadJudgement, TooFewSamplesBoundNoPercentile) {
  EXPECT_EQ(least_samples(0.5), 5);
  EXPECT_EQ(least_samples(0.9), 29);
  EXPECT_EQ(least_samples(0.95), 59);
  EXPECT_EQ(least_samples(0.99), 299);
  EXPECT_EQ(least_samples(0.999), 2995);
  auto of = [](int count) {
    return read(LocustRowWriter()
                    .loaded()
                    .started()
                    .second(std::vector<double>(static_cast<std::size_t>(count), 5))
                    .seconds(9, {})
                    .stopping(10)
                    .final());
  };
  EXPECT_EQ(sentence(of(58), "p95", at_most(100)), "p95 needs at least 59 requests after the warm-up and had 58");
  EXPECT_EQ(judge_load(of(58), ended(), spec_of({{"p95", at_most(100)}})).back().outcome, Outcome::inconclusive);
  EXPECT_EQ(judge_load(of(59), ended(), spec_of({{"p95", at_most(100)}})).back().outcome, Outcome::passed);
  EXPECT_EQ(judge_load(of(298), ended(), spec_of({{"p99", at_most(100)}})).back().outcome, Outcome::inconclusive);
}

TEST(LoadJudgement, NothingAfterTheWarmUpIsInconclusive) {
  auto report = read(good(), Milliseconds(10'000));
  for (const auto* name : {"p95", "mean", "max", "requests_per_second"}) {
    EXPECT_EQ(judge_load(report, ended(), spec_of({{name, at_most(1e9)}})).back().outcome, Outcome::inconclusive)
        << name;
  }
}

TEST(LoadJudgement, ExceptionsAreHeldToTheFailureRatio) {
  auto report = read(LocustRowWriter()
                         .loaded()
                         .started()
                         .second(std::vector<double>(100, 1), 0, 2)
                         .seconds(9, {1})
                         .stopping(10)
                         .final(R"(["raised KeyError: 'id'", 2])"));
  auto summary = summarise(judge_load(report, ended(), spec_of()));
  EXPECT_EQ(summary.outcome, Outcome::failed);
  EXPECT_EQ(summary.sentence, "the locustfile raised 2 exceptions in 109 requests: KeyError: 'id'");
  EXPECT_EQ(summarise(judge_load(report, ended(), spec_of({{"failure_ratio", at_most(0.05)}}))).outcome,
            Outcome::passed);
  EXPECT_EQ(summarise(judge_load(report, ended(), spec_of({{"failure_ratio", at_most(0.01)}}))).outcome,
            Outcome::failed);
}

TEST(LoadJudgement, TheLocustfileMayFailTheLoadByItsExitStatus) {
  auto summary = summarise(judge_load(read(good()), ended(3), spec_of()));
  EXPECT_EQ(summary.outcome, Outcome::failed);
  EXPECT_EQ(summary.sentence, "Locust ended with exit status 3");
}

}  // namespace
}  // namespace quietgate
