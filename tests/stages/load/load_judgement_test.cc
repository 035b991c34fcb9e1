#include "stages/load/load_judgement.h"

#include <gtest/gtest.h>

#include "stages/attempt/expectation.h"
#include "stages/load/statistics.h"
#include "tests/support/locust_rows.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

using How = LoadEnd::How;

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

LoadEnd ended(int code = 0, std::string log = {}) {
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
    return judge_completion(read(LocustRowWriter().loaded().started().seconds(94, {1}).stopping(seconds).final()),
                            ended(), spec, "/c");
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
  EXPECT_TRUE(hopeless(read(rows), spec_of()));
  rows.stopping(4).final(R"(["Exception: No tasks defined on U", 30, true])");
  auto check = judge_completion(read(rows), {How::overdue, 0, "x", ""}, spec_of(), "/c");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->outcome, Outcome::failed);
  EXPECT_EQ(check->sentence,
            "the locustfile sent no requests and raised 30 exceptions: Exception: No tasks defined on U");
  EXPECT_FALSE(hopeless(read(good()), spec_of()));
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
  EXPECT_EQ(sentence(of(58), "p95", at_most(100)), "p95 needs at least 59 requests after the warm-up, but had 58");
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
                         .final(R"(["KeyError: 'id'", 2, true])"));
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

// 59 requests are enough to bound a p95 at all: by the slowest of them.
TEST(LoadJudgement, WhatMayBeBehindAPercentileIsNotPassedOver) {
  std::vector<double> times(99, 10);
  times.push_back(400);
  auto of = [](const std::vector<double>& some) {
    return read(LocustRowWriter().loaded().started().second(some).seconds(9, {}).stopping(10).final());
  };
  auto few = judge_load(of(times), ended(), spec_of({{"p95", at_most(100)}})).back();
  EXPECT_EQ(few.outcome, Outcome::passed) << few.sentence;
  times.resize(97);
  times.insert(times.end(), 3, 400);
  few = judge_load(of(times), ended(), spec_of({{"p95", at_most(100)}})).back();
  EXPECT_EQ(few.outcome, Outcome::inconclusive);
  EXPECT_EQ(few.sentence,
            "p95 10 ms <= 100 ms over 10 s (100 requests), but its upper limit with 95 % confidence is 400 ms: more "
            "requests would "
            "tell");
  EXPECT_EQ(judge_load(of(times), ended(), spec_of({{"p95", {Bound::Relation::greater, 5, ""}}})).back().outcome,
            Outcome::passed)
      << "a lower bound is not in doubt";
}

TEST(LoadJudgement, TooFewRequestsBoundNoFailureRatio) {
  auto of = [](int count, int failed) {
    return read(LocustRowWriter()
                    .loaded()
                    .started()
                    .second(std::vector<double>(static_cast<std::size_t>(count), 5), failed)
                    .seconds(9, {})
                    .stopping(10)
                    .final());
  };
  auto judged = [&](int count, int failed, double limit) {
    return judge_load(of(count, failed), ended(), spec_of({{"failure_ratio", at_most(limit)}})).back();
  };
  EXPECT_EQ(judged(298, 0, 0.01).outcome, Outcome::inconclusive);
  EXPECT_EQ(judged(298, 0, 0.01).sentence,
            "failure ratio 0.000 <= 0.01 over 10 s (298 requests), but its upper limit with 95 % confidence is 0.010: "
            "at least "
            "299 requests would tell");
  EXPECT_EQ(judged(299, 0, 0.01).outcome, Outcome::passed);
  EXPECT_EQ(judged(1000, 9, 0.01).outcome, Outcome::inconclusive);
  EXPECT_EQ(judged(1000, 11, 0.01).outcome, Outcome::failed);
  EXPECT_EQ(judged(10, 0, 0).outcome, Outcome::passed) << "none of those that were sent";
}

TEST(LoadJudgement, AScheduleThatWasNotKeptIsInconclusive) {
  auto of = [](int begun) {
    return read(LocustRowWriter()
                    .loaded()
                    .started()
                    .schedule(100, begun)
                    .cpu(0.25)
                    .seconds(10, std::vector<double>(100, 5))
                    .stopping(10)
                    .final());
  };
  EXPECT_EQ(judge_load(of(95), ended(), spec_of())[1].outcome, Outcome::passed);
  auto check = judge_load(of(94), ended(), spec_of())[1];
  EXPECT_EQ(check.outcome, Outcome::inconclusive);
  EXPECT_EQ(check.sentence,
            "the load generator could not keep up: only 94.0 % of the scheduled arrivals began (expected: >= "
            "95 %); give it more `users`, or `workers` when its processor is busy (0.25 of a core)");
}

TEST(LoadJudgement, ABusyGeneratorIsSaid) {
  auto rows = LocustRowWriter().loaded().started().cpu(0.97).seconds(10, {5}).stopping(10).final();
  auto checks = judge_load(read(rows), ended(), spec_of());
  ASSERT_EQ(checks.size(), 2u);
  EXPECT_EQ(checks[1].name, "generator");
  EXPECT_EQ(checks[1].outcome, Outcome::passed);
  EXPECT_NE(checks[1].sentence.find("0.97 of a core"), std::string::npos);
}

TEST(LoadJudgement, AnEndpointIsHeldToItsOwnBounds) {
  auto report = read(LocustRowWriter()
                         .loaded()
                         .started()
                         .endpoint("GET /fast")
                         .seconds(5, std::vector<double>(100, 10))
                         .endpoint("GET /slow")
                         .seconds(5, std::vector<double>(100, 900))
                         .stopping(10)
                         .final());
  auto spec = spec_of();
  spec.endpoints = {{"GET /fast", {{"p95", at_most(100)}}},
                    {"GET /slow", {{"p95", at_most(100)}, {"failure_ratio", at_most(0.01)}}},
                    {"GET /gone", {{"p95", at_most(100)}}}};
  auto checks = judge_load(report, ended(), spec);
  ASSERT_EQ(checks.size(), 5u);
  EXPECT_EQ(checks[1].sentence, "GET /fast p95 10 ms <= 100 ms over 10 s (500 requests)");
  EXPECT_EQ(checks[2].outcome, Outcome::inconclusive);
  EXPECT_EQ(checks[2].sentence, "no request was named `GET /gone`; there were `GET /fast`, `GET /slow`");
  EXPECT_EQ(checks[3].sentence, "GET /slow failure ratio 0.000 <= 0.01 over 10 s (500 requests)");
  EXPECT_EQ(checks[4].sentence, "GET /slow p95 900 ms > 100 ms over 10 s (500 requests)");
}

TEST(LoadJudgement, ALostWorkerIsAnError) {
  auto report = read(
      LocustRowWriter()
          .loaded()
          .started()
          .seconds(3, {1})
          .row(R"row({"kind": "worker", "worker": "2 (process 7)", "words": "killed by signal 9", "elapsed": 3.5})row")
          .stopping(3.6)
          .final());
  auto check = judge_completion(report, ended(), spec_of(), "/c");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->outcome, Outcome::error);
  EXPECT_EQ(check->sentence,
            "worker 2 (process 7) was lost (killed by signal 9) 3.5 s after the load began: its share of the load is "
            "missing");
}

TEST(LoadJudgement, TheSteadyStateHasAllUsersAndReplicas) {
  auto rows = LocustRowWriter().loaded().started().second({1}, 0, 0, 10).second({1}, 0, 0, 20).second({1}, 0, 0, 40);
  auto spec = spec_of();
  spec.locustfile = "l.py";
  spec.users = 40;
  EXPECT_EQ(steady_from(read(rows), spec, -1), Milliseconds(2'000));
  spec.warm_up = Milliseconds(5'000);
  EXPECT_EQ(steady_from(read(rows), spec, -1), Milliseconds(5'000));
  spec.users = 50;
  spec.warm_up = Milliseconds(0);
  EXPECT_EQ(steady_from(read(rows), spec, -1), Milliseconds(3'000)) << "never: nothing is left";
  spec.users = 10;
  EXPECT_EQ(steady_from(read(rows), spec, 12.5), Milliseconds(0)) << "replicas that nobody waits for";
  spec.autoscaling.emplace().expect.reach = 3;
  EXPECT_EQ(steady_from(read(rows), spec, 12.5), Milliseconds(12'500));
  EXPECT_EQ(steady_from(read(rows), spec, -1), Milliseconds(0)) << "none came: what there was is judged";
  spec.users = 50;
  auto own = LocustRowWriter().loaded().row(R"({"kind": "shape", "name": "Mine"})").started().second({1});
  EXPECT_EQ(steady_from(read(own), spec, -1), Milliseconds(0)) << "the locustfile's shape has other numbers";
  spec.phases = {{Milliseconds(10'000), 50, 1, 0, 0}};
  EXPECT_EQ(steady_from(read(rows), spec, -1), Milliseconds(0)) << "a shape has no one number of users";
}

LocustRowWriter hung() {
  auto rows = LocustRowWriter().loaded().started().waiting(0).seconds(4, std::vector<double>(100, 10)).waiting(10);
  rows.seconds(6, {}).stopping(10).second(std::vector<double>(10, 16'000), 10);
  return rows.final_with_unanswered(10, 16.2);
}

TEST(LoadJudgement, RequestsThatAreNeverAnsweredFailTheLoad) {
  auto report = read(hung());
  EXPECT_EQ(report.unanswered, 10);
  EXPECT_FALSE(judge_completion(report, ended(), spec_of(), "/c"));
  for (const auto& spec : {spec_of(), spec_of({{"p95", at_most(250)}}), spec_of({{"failure_ratio", at_most(0.01)}})}) {
    auto summary = summarise(judge_load(report, ended(), spec));
    EXPECT_EQ(summary.outcome, Outcome::failed);
    EXPECT_TRUE(summary.sentence.starts_with("10 of 410 requests were never answered; the oldest had waited 16.2 s"))
        << summary.sentence;
  }
  auto checks = judge_load(report, ended(), spec_of({{"failure_ratio", at_most(0.05)}}));
  EXPECT_EQ(checks[1].name, "unanswered");
  EXPECT_EQ(checks[1].outcome, Outcome::passed) << "so many failures are allowed";
}

TEST(LoadJudgement, AServiceThatStandsStillDoesNotPass) {
  auto rows = LocustRowWriter().loaded().started().waiting(0).seconds(4, std::vector<double>(100, 10)).waiting(4);
  rows.seconds(4, {}).waiting(0).seconds(2, std::vector<double>(100, 10)).stopping(10).final();
  auto summary = summarise(judge_load(read(rows), ended(), spec_of({{"p95", at_most(250)}})));
  EXPECT_EQ(summary.outcome, Outcome::inconclusive);
  EXPECT_EQ(
      summary.sentence,
      "no request was answered for 4 s, from second 4 of the load on, with 4 users at work: at the rate of the other "
      "seconds, about 400 answers are missing");
}

TEST(LoadJudgement, FewRequestsAreNoSilence) {
  auto slow = LocustRowWriter().loaded().started().waiting(1);
  for (int i = 0; i < 10; ++i) slow.second(i % 5 == 4 ? std::vector<double>{4'900} : std::vector<double>{});
  slow.stopping(10).final();
  EXPECT_EQ(summarise(judge_load(read(slow), ended(), spec_of())).outcome, Outcome::passed)
      << "one user, and an answer each five seconds";
  auto hiccup = LocustRowWriter().loaded().started().waiting(1).seconds(5, std::vector<double>(100, 10));
  hiccup.second({}).seconds(4, std::vector<double>(100, 10)).stopping(10).final();
  EXPECT_EQ(summarise(judge_load(read(hiccup), ended(), spec_of())).outcome, Outcome::passed) << "a single second";
}

TEST(LoadJudgement, WorkersThatDoNotComeAreNobodysFaultHere) {
  auto rows = LocustRowWriter().loaded().row(R"({"kind": "workers", "joined": 1, "expected": 2})");
  auto check = judge_completion(read(rows), ended(1, "Gave up waiting for workers to connect\n"), spec_of(), "/c");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->outcome, Outcome::error);
  EXPECT_EQ(check->sentence, "1 of 2 workers joined in time, so the load did not begin");
}

TEST(LoadJudgement, AWorkerThatMustNotBeThereIsNamed) {
  auto rows = LocustRowWriter().loaded().started().second({1}).row(
      R"({"kind": "worker", "worker": "vm_1", "words": "does not run quietgate's listener", "lost": false, "elapsed": 1.5})");
  auto check = judge_completion(read(rows), {How::overdue, 0, "a worker was lost", ""}, spec_of(), "/c");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->outcome, Outcome::error);
  EXPECT_EQ(
      check->sentence,
      "worker vm_1 of the load does not run quietgate's listener: 1.5 s after its begin it was no longer the load "
      "that was asked for");
}

TEST(LoadJudgement, MoreArrivalsThanTheScheduleHadAreAnotherLoad) {
  auto rows = [](int begun) {
    return LocustRowWriter().loaded().started().schedule(100, begun).seconds(10, {1}).stopping(10).final();
  };
  EXPECT_EQ(summarise(judge_load(read(rows(105)), ended(), spec_of())).outcome, Outcome::passed);
  auto summary = summarise(judge_load(read(rows(106)), ended(), spec_of()));
  EXPECT_EQ(summary.outcome, Outcome::inconclusive);
  EXPECT_EQ(summary.sentence, "1,060 tasks began, but the schedule had 1,000: not all of them are of this load");
  auto late = LocustRowWriter().loaded().started().schedule(100, 20).seconds(2, {1}).schedule(100, 120).seconds(8, {1});
  late.stopping(10).final();
  EXPECT_EQ(summarise(judge_load(read(late, Milliseconds(2'000)), ended(), spec_of())).outcome, Outcome::passed)
      << "they were due in the warm-up";
}

}  // namespace
}  // namespace quietgate
