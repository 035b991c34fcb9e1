#include "stages/load/load_report.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/locust_rows.h"

namespace quietgate {
namespace {

LoadReport read(const std::string& text, Milliseconds warm_up = Milliseconds(0)) {
  LoadReport report(warm_up);
  report.add(text);
  return report;
}

TEST(LoadReport, ReadsAWholeLoad) {
  auto report = read(LocustRowWriter()
                         .loaded()
                         .started(1'700'000'000.25)
                         .second({10, 20, 30})
                         .second({40, 50}, 1, 2)
                         .stopping(1.5)
                         .final(R"(["GET /: 500", 1], ["KeyError: 'id'", 2, true])")
                         .exit(0)
                         .text());
  EXPECT_EQ(report.damage, "");
  EXPECT_TRUE(report.loaded);
  EXPECT_TRUE(report.finished);
  EXPECT_DOUBLE_EQ(*report.begin, 1'700'000'000.25);
  EXPECT_DOUBLE_EQ(*report.length, 1.5);
  EXPECT_EQ(report.requests, 5);
  EXPECT_EQ(report.failures, 1);
  EXPECT_EQ(report.exceptions, 2);
  ASSERT_EQ(report.seconds.size(), 2u);
  EXPECT_EQ(report.seconds[1].users, 4);
  ASSERT_EQ(report.errors.size(), 2u);
  EXPECT_EQ(report.errors[0].text, "GET /: 500");
  EXPECT_EQ(report.errors[0].count, 1);
  EXPECT_FALSE(report.errors[0].raised);
  EXPECT_EQ(report.errors[1].text, "KeyError: 'id'");
  EXPECT_TRUE(report.errors[1].raised);
  EXPECT_DOUBLE_EQ(report.steady_length(), 1.5);
}

TEST(LoadReport, CutsOffTheWarmUpBySeconds) {
  auto text =
      LocustRowWriter().loaded().started().second({900}).second({900}).second({10}).second({10, 10}).stopping(4).text();
  auto report = read(text, Milliseconds(2'000));
  EXPECT_EQ(report.requests, 5);
  EXPECT_EQ(report.steady_requests, 3);
  EXPECT_NEAR(report.steady.largest(), 10, 1e-9);
  EXPECT_DOUBLE_EQ(report.steady_length(), 2);
  EXPECT_EQ(read(text, Milliseconds(1'001)).steady_requests, 3) << "a second that is warm-up in part is warm-up";
  EXPECT_EQ(read(text, Milliseconds(60'000)).steady_requests, 0);
  EXPECT_DOUBLE_EQ(read(text, Milliseconds(60'000)).steady_length(), 0);
}

TEST(LoadReport, PercentilesAreNearestRankAndNeverTooLow) {
  std::vector<double> times;
  for (int i = 1; i <= 100; ++i) times.push_back(i * 3.7);
  auto report = read(LocustRowWriter().loaded().started().second(times).text());
  for (int rank : {50, 90, 95, 99, 100}) {
    double exact = rank * 3.7;
    double said = report.steady.percentile(rank / 100.0);
    EXPECT_GE(said, exact - 0.001) << rank;
    EXPECT_LE(said, exact * 1.004 + 0.001) << rank;
  }
  EXPECT_DOUBLE_EQ(report.steady.percentile(1), 370) << "no more than the largest value";
  EXPECT_NEAR(report.steady.mean(), 186.85, 1e-6);
}

TEST(LoadReport, EqualTimesHaveExactPercentiles) {
  auto report = read(LocustRowWriter().loaded().started().second(std::vector<double>(60, 250)).text());
  EXPECT_DOUBLE_EQ(report.steady.percentile(0.95), 250);
  EXPECT_DOUBLE_EQ(report.seconds[0].p99, 250);
}

TEST(LoadReport, MicrosecondsAndHoursHaveBuckets) {
  for (double time : {0.0, 0.001, 0.511, 0.512, 1.0, 1000.0, 3'600'000.0, 999'999'999.0}) {
    auto report = read(LocustRowWriter().loaded().started().second({time, time + 5}).text());
    EXPECT_EQ(report.damage, "") << time;
    EXPECT_NEAR(report.steady.percentile(0.5), time, time * 0.004 + 0.001);
  }
}

TEST(LoadReport, ASecondWithoutAnswersHasNoPercentile) {
  auto report = read(LocustRowWriter().loaded().started().second({}).text());
  EXPECT_EQ(report.damage, "");
  EXPECT_TRUE(std::isnan(report.seconds[0].p95));
  EXPECT_TRUE(std::isnan(report.steady.percentile(0.5)));
  EXPECT_TRUE(std::isnan(report.steady.mean()));
}

TEST(LoadReport, TakesBytesCutAnywhere) {
  auto text = LocustRowWriter().loaded().started().seconds(5, {1, 2, 3}).stopping(5).final().text();
  LoadReport report{Milliseconds(0)};
  for (char byte : text) report.add(std::string_view(&byte, 1));
  EXPECT_EQ(report.damage, "");
  EXPECT_EQ(report.requests, 15);
  EXPECT_TRUE(report.finished);
  auto half = read(text.substr(0, text.size() - 10));
  EXPECT_FALSE(half.finished) << "a row without its end is not read";
  EXPECT_EQ(half.damage, "");
}

TEST(LoadReport, ReadsWhereALocustfileBroke) {
  auto report =
      read(LocustRowWriter()
               .loaded()
               .row(R"({"kind": "crash", "error": "SyntaxError: invalid syntax", "file": "/c/l.py", "line": 3})")
               .text());
  ASSERT_TRUE(report.crash);
  EXPECT_EQ(report.crash->error, "SyntaxError: invalid syntax");
  EXPECT_EQ(report.crash->line, 3);
}

TEST(LoadReport, RefusesRowsThatMakeNoSense) {
  const char* rows[] = {
      "garbage",
      "[]",
      "{\"kind\":",
      R"({"kind": "loaded", "version": 1})",
      R"({"kind": "started"})",
      R"({"kind": "started", "time": "now"})",
      R"({"kind": "started", "time": -1})",
      R"({"kind": "second", "second": 1, "users": 0, "exceptions": 0, "endpoints": [{"name": "GET /", "requests": 0, "failures": 0, "timed": 0, "buckets": []}]})",
      R"({"kind": "second", "second": 0, "users": 0, "exceptions": 0, "endpoints": [{"name": "GET /", "requests": -1, "failures": 0, "timed": 0, "buckets": []}]})",
      R"({"kind": "second", "second": 0, "users": 0, "exceptions": 0, "endpoints": [{"name": "GET /", "requests": 0, "failures": 1, "timed": 0, "buckets": []}]})",
      R"({"kind": "second", "second": 0, "users": 0, "exceptions": 0, "endpoints": [{"name": "GET /", "requests": 1, "failures": 0, "timed": 1, "buckets": []}]})",
      R"({"kind": "second", "second": 0, "users": 0, "exceptions": 0, "endpoints": [{"name": "GET /", "requests": 1, "failures": 0, "timed": 1, "sum": 1, "min": 2, "max": 1, "buckets": [[1, 1]]}]})",
      R"({"kind": "second", "second": 0, "users": 0, "exceptions": 0, "endpoints": [{"name": "GET /", "requests": 1, "failures": 0, "timed": 1, "sum": 1, "min": 1, "max": 1, "buckets": [[999999999, 1]]}]})",
      R"({"kind": "second", "second": 0, "users": 0, "exceptions": 0, "endpoints": [{"name": "GET /", "requests": 1, "failures": 0, "timed": 1, "buckets": 7}]})",
      R"({"kind": "final", "requests": 7, "failures": 0, "exceptions": 0, "errors": []})",
  };
  for (const auto* row : rows) {
    auto report = read(std::string(row) + "\n");
    EXPECT_NE(report.damage, "") << row;
    EXPECT_NE(report.damage.find("line 1: "), std::string::npos) << report.damage;
    EXPECT_FALSE(report.finished);
  }
  auto twice = LocustRowWriter().loaded().started().started().text();
  EXPECT_EQ(read(twice).damage, "line 3: the load started twice");
}

TEST(LoadReport, RefusesALineWithoutEnd) {
  LoadReport report{Milliseconds(0)};
  std::string much(1024 * 1024, 'x');
  for (int i = 0; i < 6; ++i) report.add(much);
  EXPECT_NE(report.damage, "");
}

TEST(LoadReport, SaysHowFarItIs) {
  auto report = read(LocustRowWriter().loaded().started().seconds(20, std::vector<double>(40, 61)).text());
  auto progress = progress_of(report, Milliseconds(45'000));
  EXPECT_EQ(to_line(progress), "20s of 45s: 4 users, 40 req/s, p95 61 ms, 0 failed");
  EXPECT_EQ(
      to_json(progress),
      R"({"duration_ms":45000,"elapsed_ms":20000,"failures":0,"p95_ms":61.0,"requests_per_second":40.0,"users":4})");
  auto none = progress_of(read(LocustRowWriter().loaded().started().second({}).text()), Milliseconds(45'000));
  EXPECT_EQ(to_line(none), "1s of 45s: 4 users, 0 req/s, no answers, 0 failed");
  EXPECT_NE(to_json(none).find("\"p95_ms\":null"), std::string::npos);
}

TEST(LoadReport, KeepsEndpointsApart) {
  auto report = read(LocustRowWriter()
                         .loaded()
                         .started()
                         .endpoint("GET /a")
                         .second({10, 20}, 1)
                         .endpoint("GET /b")
                         .second({900})
                         .text(),
                     Milliseconds(1'000));
  EXPECT_EQ(report.damage, "");
  ASSERT_EQ(report.endpoints.size(), 2u);
  EXPECT_EQ(report.endpoints["GET /a"].requests, 2);
  EXPECT_EQ(report.endpoints["GET /a"].failures, 1);
  EXPECT_EQ(report.endpoints["GET /a"].steady.count(), 0) << "its second was warm-up";
  EXPECT_EQ(report.endpoints["GET /b"].steady.percentile(0.5), 900);
}

TEST(LoadReport, KnowsHowMuchOfTheScheduleBegan) {
  auto rows =
      LocustRowWriter().loaded().started().schedule(100, 10).second({1}).schedule(100, 90).second({1}).second({1});
  EXPECT_DOUBLE_EQ(read(rows.text()).achieved(), 190.0 / 300);
  EXPECT_DOUBLE_EQ(read(rows.text(), Milliseconds(1'000)).achieved(), 0.9) << "of the steady state";
  EXPECT_TRUE(std::isnan(read(LocustRowWriter().loaded().started().second({1}).text()).achieved()));
}

TEST(LoadReport, KnowsTheBusiestProcess) {
  auto rows = LocustRowWriter().loaded().started().cpu(1.0).second({1}).schedule(1, 1).cpu(0.5).second({1});
  EXPECT_DOUBLE_EQ(read(rows.text()).steady_cpu(), 1.0);
  EXPECT_DOUBLE_EQ(read(rows.text(), Milliseconds(1'000)).steady_cpu(), 0.5);
}

TEST(LoadReport, NamesTheWorkerThatWasLost) {
  auto report = read(
      LocustRowWriter()
          .loaded()
          .started()
          .row(R"row({"kind": "worker", "worker": "2 (process 7)", "words": "killed by signal 9", "elapsed": 3.5})row")
          .text());
  ASSERT_TRUE(report.lost);
  EXPECT_EQ(report.lost->name, "2 (process 7)");
  EXPECT_EQ(report.lost->elapsed, 3.5);
}

TEST(LoadReport, TooManyEndpointsMakeNoSense) {
  LocustRowWriter rows;
  rows.loaded().started();
  for (int i = 0; i < 200; ++i) rows.endpoint("GET /" + std::to_string(i)).second({1});
  EXPECT_NE(read(rows.text()).damage.find("too many endpoints"), std::string::npos);
}

TEST(LoadReport, ALoadHasTheSecondsOfItsLength) {
  auto of = [](double length) {
    return read(LocustRowWriter().loaded().started().seconds(3, {1}).stopping(length).final().text()).damage;
  };
  EXPECT_EQ(of(3.9), "");
  EXPECT_EQ(of(1e9), "line 7: the load is longer than its seconds");
}

TEST(LoadReport, TheLongestSilenceOfTheSteadyState) {
  auto rows = LocustRowWriter().loaded().started().second({}).second({}).second({}).seconds(3, {10, 10});
  rows.second({}).second({10, 10}).second({}).second({}).second({10, 10}).stopping(11);
  auto silence = read(rows.text(), Milliseconds(3'000)).silence();
  EXPECT_EQ(silence.from, 8);
  EXPECT_EQ(silence.seconds, 2);
  EXPECT_EQ(silence.users, 4);
  EXPECT_NEAR(silence.missed, 10.0 * 2 / 6, 1e-9);
  EXPECT_EQ(read(rows.text()).silence().from, 0);
}

TEST(LoadReport, NoUsersOrNobodyWhoWaitsIsNoSilence) {
  auto nobody = LocustRowWriter().loaded().started().second({10});
  for (int i = 0; i < 5; ++i) nobody.second({}, 0, 0, 0);
  EXPECT_EQ(read(nobody.stopping(6).text()).silence().seconds, 0);
  auto idle = LocustRowWriter().loaded().started().waiting(0).second({10}).seconds(5, {}).stopping(6);
  EXPECT_EQ(read(idle.text()).silence().seconds, 0);
  auto waiting = LocustRowWriter().loaded().started().waiting(3).second({10}).seconds(5, {}).stopping(6);
  EXPECT_EQ(read(waiting.text()).silence().seconds, 5);
}

}  // namespace
}  // namespace quietgate
