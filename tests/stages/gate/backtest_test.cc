#include "stages/gate/backtest.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>

#include "stages/gate/backtest_report.h"
#include "tests/support/run_task.h"

namespace quietgate {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Le;

// A server with one series that is always there, of a limited strength.
class WeakServer final : public Http {
 public:
  std::size_t most_points = 11'000;
  std::string refusal;         // what it says about more points
  std::vector<double> points;  // of each range that was asked
  bool gone_after_refusal = false;

  Task<Result<HttpResponse>> send(HttpRequest request, Stop&) override {
    HttpResponse response;
    response.status = 200;
    if (request.body.find("query=time") == 0) {
      if (gone_after_refusal && !points.empty()) co_return infrastructure_error("the server refused the connection");
      response.body = R"({"status":"success","data":{"resultType":"scalar","result":[1800000000,"1800000000"]}})";
      co_return response;
    }
    const double begin = field(request.body, "start="), end = field(request.body, "end=");
    const double step = field(request.body, "step=");
    points.push_back(std::floor((end - begin) / step + 1e-6) + 1);
    if (points.back() > static_cast<double>(most_points)) {
      response.status = 422;
      response.body = fmt::format(R"({{"status":"error","errorType":"execution","error":"{}"}})", refusal);
      co_return response;
    }
    std::string values;
    for (double i = 0; i < points.back(); ++i)
      values += fmt::format(R"({}[{:.3f},"1"])", i == 0 ? "" : ",", begin + i * step);
    response.body =
        R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[)" + values + "]}]}}";
    co_return response;
  }

 private:
  static double field(const std::string& form, const std::string& name) {
    return std::stod(form.substr(form.find(name) + name.size()));
  }
};

BacktestOrder order_of(const std::string& rule, std::chrono::hours span) {
  BacktestOrder order;
  order.prometheus = "http://p";
  auto rules = read_rules_file("r.yml", "groups: [{name: g, interval: 15s, rules: [" + rule + "]}]");
  if (!rules) ADD_FAILURE() << rules.error().message;
  order.rules = *rules;
  const Time end{std::chrono::seconds{1'799'999'000}};
  order.span = {end - span, end};
  return order;
}

Result<BacktestOutcome> perform(WeakServer& server, BacktestOrder order) {
  boost::asio::io_context loop;
  Stop stop;
  return run_task(loop, backtest(server, std::move(order), stop));
}

TEST(Backtest, StaysBelowTheServersPoints) {
  WeakServer server;
  auto outcome = perform(server, order_of("{alert: A, expr: a}", std::chrono::hours{24 * 7}));
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->rules[0].problem, "");
  EXPECT_THAT(server.points, Each(Le(11'000)));
  EXPECT_EQ(outcome->rules[0].phases[0].firings.size(), 1u) << "one through all chunks";
}

TEST(Backtest, AsksForLessWhenItIsTooMuch) {
  WeakServer server;
  server.most_points = 700;
  server.refusal = "query processing would load too many samples into memory in query execution";
  auto outcome = perform(server, order_of("{alert: A, expr: a}", std::chrono::hours{24}));
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->rules[0].problem, "");
  EXPECT_EQ(outcome->rules[0].phases[3].firings.size(), 1u);
  server.most_points = 10;
  outcome = perform(server, order_of("{alert: A, expr: a}", std::chrono::hours{24}));
  ASSERT_TRUE(outcome.ok());
  EXPECT_THAT(outcome->rules[0].problem, HasSubstr("too many samples"));
}

TEST(Backtest, AWrongExpressionIsNotAskedAgain) {
  WeakServer server;
  server.most_points = 0;
  server.refusal = "found duplicate series";
  auto outcome = perform(server, order_of("{alert: A, expr: a}", std::chrono::hours{24}));
  ASSERT_TRUE(outcome.ok());
  EXPECT_THAT(outcome->rules[0].problem, HasSubstr("found duplicate series"));
  EXPECT_EQ(server.points.size(), 1u);
}

TEST(Backtest, EndsWhenTheServerIsGone) {
  WeakServer server;
  server.most_points = 0;
  server.refusal = "storage is closed";
  server.gone_after_refusal = true;
  auto outcome = perform(server, order_of("{alert: A, expr: a}, {alert: B, expr: b}", std::chrono::hours{24}));
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.error().message, HasSubstr("refused the connection"));
  EXPECT_EQ(server.points.size(), 1u);
}

TEST(Backtest, TellsTheSpreadOfThePhasesAndTheNights) {
  RuleOutcome rule;
  rule.rule.name = "A";
  rule.rule.group = "g";
  rule.rule.alerting = true;
  rule.interval = Milliseconds{15'000};
  const auto firing = [](std::int64_t hour) {
    return Firing{{{"alertname", "A"}}, std::chrono::hours{hour}, std::chrono::hours{hour} + Milliseconds{60'000}};
  };
  rule.phases = {{{firing(5), firing(12)}, 0}, {{firing(12)}, 2}};
  BacktestOutcome outcome;
  outcome.url = "http://p";
  outcome.span = {Time{}, Time{std::chrono::hours{48}}};
  outcome.rules = {rule};
  EXPECT_EQ(
      backtest_text(outcome, {}),
      "1 alert from 1970-01-01 00:00:00 to 1970-01-03 00:00:00 (2 days, UTC) on http://p\n\n"
      "A  (group g, every 15s)\n"
      "  fired 2 times (1 to 2 by phase), 1.0 a day, 1 at night, 2m in all, longest 1m\n"
      "  first 1970-01-01 05:00:00, last 1970-01-01 12:00:00\n"
      "\nwould have paged 2 times (1 to 2 by phase) in 2 days, 1.0 a day; 1 at night (22:00 to 07:00 UTC)\n"
      "not reproduced: restarts of Prometheus, missed evaluations, late samples, a group's limit and query_offset, "
      "and what Alertmanager silences, inhibits or groups otherwise than by alert name\n");
}

}  // namespace
}  // namespace quietgate
