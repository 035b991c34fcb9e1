#include "stages/load/request_lines.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stages/load/load_report.h"

namespace quietgate {
namespace {

LoadReport read(RequestLines::Format format, const std::string& text, std::size_t at_once = 1'000'000) {
  RequestLines lines(format);
  LoadReport report{Milliseconds(0)};
  for (std::size_t at = 0; at < text.size(); at += at_once) report.add(lines.add(text.substr(at, at_once)));
  report.add(lines.finish());
  return report;
}

std::string plain(double time, double milliseconds, bool ok = true, const std::string& name = "GET /") {
  return R"({"name": ")" + name + R"(", "t": )" + std::to_string(time) + R"(, "ms": )" + std::to_string(milliseconds) +
         R"(, "ok": )" + (ok ? "true" : "false") + "}\n";
}

TEST(RequestLines, MakeALoad) {
  std::string text = plain(1000.5, 500);
  for (int i = 0; i < 40; ++i) text += plain(1000.6 + 0.1 * i, 20, i % 10 != 0, i % 2 == 0 ? "a" : "b");
  for (std::size_t at_once : {std::size_t{1}, std::size_t{100}, text.size()}) {
    auto report = read(RequestLines::Format::plain, text, at_once);
    EXPECT_EQ(report.damage, "");
    EXPECT_TRUE(report.finished);
    EXPECT_DOUBLE_EQ(*report.begin, 1000.0) << "the first request began so long before it ended";
    EXPECT_NEAR(*report.length, 4.5, 1e-9);
    EXPECT_EQ(report.requests, 41);
    EXPECT_EQ(report.failures, 4);
    EXPECT_EQ(report.seconds.size(), 5u);
    EXPECT_EQ(report.seconds[1].requests, 10);
    EXPECT_NEAR(report.seconds[1].p50, 20, 0.1);
    EXPECT_EQ(report.endpoints.size(), 3u);
  }
}

TEST(RequestLines, SecondsWithoutARequestAreThereToo) {
  auto report = read(RequestLines::Format::plain, plain(1000, 0) + plain(1007.2, 0));
  EXPECT_EQ(report.damage, "");
  EXPECT_EQ(report.seconds.size(), 8u);
  EXPECT_EQ(report.seconds[3].requests, 0);
}

TEST(RequestLines, ALateLineIsCounted) {
  auto report = read(RequestLines::Format::plain, plain(1000, 0) + plain(1010, 0) + plain(1002, 0) + plain(1009, 0));
  EXPECT_EQ(report.damage, "");
  EXPECT_EQ(report.requests, 4);
}

TEST(RequestLines, WhatMakesNoSenseIsSaid) {
  for (const std::string line :
       {"hello", "[]", R"({"name": "a"})", R"({"name": "a", "t": 1, "ms": 1, "ok": 1})",
        R"({"name": "", "t": 1, "ms": 1, "ok": true})", R"({"name": "a", "t": -5, "ms": 1, "ok": true})",
        R"({"name": "a", "t": 1, "ms": -1, "ok": true})", R"({"name": "a", "t": 1e300, "ms": 1, "ok": true})"}) {
    auto report = read(RequestLines::Format::plain, plain(1000, 1) + line + "\n" + plain(1001, 1));
    EXPECT_NE(report.damage, "") << line;
    EXPECT_FALSE(report.finished) << line;
  }
  EXPECT_EQ(read(RequestLines::Format::plain, plain(1000, 1) + "{\"name\": \"a\", \"t\": 1}\n").damage,
            "line 2 is no request: `ok` is not true or false");
  EXPECT_NE(read(RequestLines::Format::plain, plain(1000, 1) + plain(9e9, 1)).damage, "") << "years of empty seconds";
  EXPECT_NE(read(RequestLines::Format::plain, std::string(1'000'000, 'x')).damage, "");
}

TEST(RequestLines, NoRequestIsNoLoad) {
  auto report = read(RequestLines::Format::plain, "");
  EXPECT_FALSE(report.loaded);
  EXPECT_FALSE(report.begin);
}

TEST(RequestLines, NamesAreBounded) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += plain(1000, 1, true, "GET /" + std::to_string(i));
  auto report = read(RequestLines::Format::plain, text);
  EXPECT_EQ(report.damage, "");
  EXPECT_EQ(report.endpoints.size(), 101u);
  EXPECT_EQ(report.endpoints["(others)"].requests, 400);
}

TEST(RequestLines, NamesAreThoseOfTheLoadNotOfASecond) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += plain(1000 + i / 50.0, 1, true, "GET /" + std::to_string(i));
  auto report = read(RequestLines::Format::plain, text);
  EXPECT_EQ(report.damage, "");
  EXPECT_EQ(report.requests, 500);
  EXPECT_EQ(report.endpoints.size(), 101u);
  EXPECT_EQ(report.endpoints["(others)"].requests, 400);
}

TEST(RequestLines, ALastLineWithoutItsEndIsCounted) {
  auto failed = plain(1001, 1, false);
  failed.pop_back();
  auto report = read(RequestLines::Format::plain, plain(1000, 1) + failed);
  EXPECT_EQ(report.damage, "");
  EXPECT_EQ(report.requests, 2);
  EXPECT_EQ(report.failures, 1);
  auto cut = read(RequestLines::Format::plain, plain(1000, 1) + failed.substr(0, 20));
  EXPECT_EQ(cut.damage, "line 2 is no request: not a JSON object");
  RequestLines lines(RequestLines::Format::plain);
  LoadReport ended{Milliseconds(0)};
  ended.add(lines.add(plain(1000, 1) + failed.substr(0, 20)));
  ended.add(lines.finish(false));
  EXPECT_EQ(ended.damage, "") << "it was cut off with its source";
  EXPECT_TRUE(ended.finished);
}

TEST(RequestLines, AClockThatJumpsIsNoLongerLoad) {
  RequestLines lines(RequestLines::Format::plain, Milliseconds(10'000));
  auto rows = lines.add(plain(1000, 1) + plain(1'001'000, 1));
  LoadReport report{Milliseconds(0)};
  report.add(rows);
  EXPECT_LT(rows.size(), 1'000u) << "a row for each second between";
  EXPECT_EQ(report.damage, "line 2 is no request: its time is 1000000 s after the load's begin");
}

std::string k6(const std::string& metric, const std::string& time, double value, const std::string& tags = "{}") {
  return R"({"metric":")" + metric + R"(","type":"Point","data":{"time":")" + time + R"(","value":)" +
         std::to_string(value) + R"(,"tags":)" + tags + "}}\n";
}

TEST(RequestLines, ReadWhatK6Writes) {
  const std::string good = R"({"expected_response":"true","method":"GET","name":"http://h/a","status":"200"})";
  const std::string bad = R"({"expected_response":"false","method":"GET","name":"http://h/a","status":"503"})";
  auto report =
      read(RequestLines::Format::k6,
           R"({"type":"Metric","data":{"name":"http_reqs","type":"counter"},"metric":"http_reqs"})"
           "\n" +
               k6("vus", "2017-05-09T14:34:45.1+02:00", 7) +
               k6("http_req_duration", "2017-05-09T14:34:45.625742514+02:00", 459.865729, good) +
               k6("http_req_waiting", "2017-05-09T14:34:45.625742514+02:00", 400, good) +
               k6("http_req_duration", "2017-05-09T12:34:46.7Z", 10, bad) +
               k6("iterations", "2017-05-09T12:34:46.7Z", 1) + k6("dropped_iterations", "2017-05-09T12:34:46.7Z", 3));
  EXPECT_EQ(report.damage, "");
  EXPECT_NEAR(*report.begin, 1494333285.625742514 - 0.459865729, 1e-6);
  EXPECT_EQ(report.requests, 2);
  EXPECT_EQ(report.failures, 1);
  EXPECT_EQ(report.seconds[0].users, 7);
  EXPECT_EQ(report.endpoints.count("GET http://h/a"), 1u);
  EXPECT_DOUBLE_EQ(report.achieved(), 0.25) << "of four iterations three were dropped";
}

TEST(RequestLines, IterationsCountFromTheFirstOn) {
  const std::string good = R"({"expected_response":"true","method":"GET","name":"a","status":"200"})";
  std::string text;
  for (int second = 10; second < 20; ++second) {
    const auto at = "2017-05-09T12:34:" + std::to_string(second) + ".5Z";
    text += k6("http_req_duration", at, 10, good) + k6("iterations", at, 9);
  }
  auto none = read(RequestLines::Format::k6, text);
  EXPECT_TRUE(std::isnan(none.achieved())) << "without a drop there may be no schedule";
  text += k6("dropped_iterations", "2017-05-09T12:34:19.6Z", 10);
  EXPECT_DOUBLE_EQ(read(RequestLines::Format::k6, text).achieved(), 0.9) << "not half of the last second alone";
}

}  // namespace
}  // namespace quietgate
