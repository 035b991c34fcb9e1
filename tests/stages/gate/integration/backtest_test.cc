// The backtest against promtool and against real Prometheus servers with a history.
#include "stages/gate/backtest.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "runner/adapters/http/http_curl.h"
#include "runner/cli/cli.h"
#include "stages/gate/backtest_report.h"
#include "tests/support/prometheus_server.h"
#include "tests/support/run_task.h"

namespace quietgate {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Folder {
 public:
  Folder() {
    std::string name = testing::TempDir() + "quietgate-backtest-XXXXXX";
    path = ::mkdtemp(name.data()) == nullptr ? std::string() : name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path + "/" + name) << text; }
  std::string read(const std::string& name) const {
    std::ifstream in(path + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string path;
};

bool promtool_is_installed() {
  return std::filesystem::exists("/usr/bin/promtool");
}

// ---- the same states as promtool, on random rules and series

struct RandomCase {
  ExpectedRule rule;
  std::vector<std::pair<std::string, std::vector<bool>>> series;  // label `s`, presence
};

std::vector<bool> random_presence(std::mt19937_64& random, std::size_t steps) {
  std::vector<bool> present;
  const double change = std::uniform_real_distribution(0.05, 0.6)(random);
  bool now = random() % 2 == 0;
  for (std::size_t i = 0; i < steps; ++i) {
    if (std::uniform_real_distribution(0.0, 1.0)(random) < change) now = !now;
    present.push_back(now);
  }
  return present;
}

RandomCase random_case(std::mt19937_64& random, std::size_t number, double interval, std::size_t steps) {
  const auto span = [&]() -> double {
    if (random() % 4 == 0) return 0;
    return std::round(interval * static_cast<double>(random() % 9) / (random() % 2 == 0 ? 1 : 2) + (random() % 5 == 0));
  };
  RandomCase made;
  made.rule.name = fmt::format("A{}", number);
  made.rule.alerting = true;
  made.rule.query = fmt::format("m{} > 0", number);
  made.rule.duration = span();
  made.rule.keep_firing_for = span();
  if (random() % 2 == 0) made.rule.labels["where"] = "at {{ $labels.s }}";
  if (random() % 3 == 0) made.rule.labels["s"] = made.rule.labels.empty() ? "" : "{{ $labels.s }}";
  const auto count = made.rule.labels.contains("s") && made.rule.labels["s"].empty() ? 1 : 1 + random() % 3;
  for (std::size_t i = 0; i < count; ++i)
    made.series.emplace_back(fmt::format("s{}", i), random_presence(random, steps));
  return made;
}

// What we make of it, cut into chunks at random places.
std::vector<AlertSteps> our_steps(std::mt19937_64& random, const RandomCase& given, double interval,
                                  std::size_t steps) {
  std::map<Labels, AlertSteps> all;
  RuleProgress progress;
  const auto step = Milliseconds(std::llround(interval * 1000));
  for (std::size_t first = 0; first < steps;) {
    const EvaluationGrid grid{step * static_cast<std::int64_t>(first), step,
                              std::min<std::size_t>(1 + random() % steps, steps - first)};
    std::vector<Series> series;
    for (const auto& [name, present] : given.series) {
      Series one{{{"__name__", "m"}, {"s", name}}, {}};
      for (std::size_t i = first; i < first + grid.count; ++i) {
        if (present[i]) one.samples.push_back({interval * static_cast<double>(i), 1});
      }
      if (!one.samples.empty()) series.push_back(std::move(one));
    }
    auto chunk = evaluate_chunk(std::move(progress), given.rule, grid, series);
    if (!chunk) {
      ADD_FAILURE() << chunk.error().message;
      return {};
    }
    progress = chunk->after;
    for (const auto& alert : chunk->alerts) {
      auto& known = all.try_emplace(alert.labels, AlertSteps{alert.labels, {}}).first->second;
      known.states.resize(first, AlertState::inactive);
      known.states.insert(known.states.end(), alert.states.begin(), alert.states.end());
    }
    first += grid.count;
  }
  std::vector<AlertSteps> result;
  for (auto& [labels, alert] : all) {
    alert.states.resize(steps, AlertState::inactive);
    result.push_back(std::move(alert));
  }
  return result;
}

// Writes rules and a test that expects our states of every alert at every step. Answers how many states there are.
std::size_t write_promtool_test(const Folder& folder, std::mt19937_64& random, std::size_t cases) {
  const double interval = std::array{5.0, 15.0, 30.0, 60.0}[random() % 4];
  const std::size_t steps = 30 + random() % 30;
  std::string rules = "groups:\n- name: g\n  rules:\n";
  std::string series;
  std::vector<std::string> expected(steps);
  std::size_t states = 0;
  for (std::size_t number = 0; number < cases; ++number) {
    const auto made = random_case(random, number, interval, steps);
    rules += fmt::format("  - alert: {}\n    expr: {}\n    for: {}s\n    keep_firing_for: {}s\n    labels:\n",
                         made.rule.name, made.rule.query, made.rule.duration, made.rule.keep_firing_for);
    rules += "      case: one\n";
    for (const auto& [name, value] : made.rule.labels) rules += fmt::format("      {}: '{}'\n", name, value);
    for (const auto& [name, present] : made.series) {
      series += fmt::format("  - series: 'm{}{{s=\"{}\"}}'\n    values: '", number, name);
      for (const bool there : present) series += there ? "1 " : "0 ";
      series += "'\n";
    }
    for (const auto& alert : our_steps(random, made, interval, steps)) {
      for (std::size_t i = 0; i < steps; ++i) {
        if (alert.states[i] == AlertState::inactive) continue;
        ++states;
        std::string labels = "case=\"one\"";
        for (const auto& [name, value] : alert.labels) labels += fmt::format(", {}=\"{}\"", name, value);
        expected[i] += fmt::format("    - {{value: 1, labels: 'ALERTS{{{}, alertstate=\"{}\"}}'}}\n", labels,
                                   alert.states[i] == AlertState::firing ? "firing" : "pending");
      }
    }
  }
  std::string test =
      fmt::format("rule_files: [rules.yml]\nevaluation_interval: {0}s\ntests:\n- interval: {0}s\n", interval);
  test += "  input_series:\n" + series + "  promql_expr_test:\n";
  for (std::size_t i = 0; i < steps; ++i) {
    test += fmt::format("  - expr: ALERTS\n    eval_time: {}s\n    exp_samples:\n{}", interval * static_cast<double>(i),
                        expected[i].empty() ? "    []\n" : expected[i]);
  }
  folder.write("rules.yml", rules);
  folder.write("test.yml", test);
  return states;
}

TEST(BacktestStates, AreThoseOfPromtoolOnRandomCases) {
  if (!promtool_is_installed()) GTEST_SKIP() << "NOT TESTED: needs /usr/bin/promtool (Debian package prometheus)";
  const char* wanted = std::getenv("QUIETGATE_BACKTEST_CASES");
  const std::size_t cases = wanted == nullptr ? 120 : std::stoul(wanted);
  constexpr std::size_t batch = 20;
  std::size_t done = 0, states = 0, mismatches = 0;
  for (std::uint64_t seed = 1; done < cases; ++seed) {
    std::mt19937_64 random(seed);
    Folder folder;
    const auto count = std::min(batch, cases - done);
    states += write_promtool_test(folder, random, count);
    const auto command = fmt::format("/usr/bin/promtool test rules {0}/test.yml > {0}/out 2>&1", folder.path);
    if (std::system(command.c_str()) != 0) {
      mismatches += count;
      ADD_FAILURE() << "seed " << seed << ":\n" << folder.read("out").substr(0, 3000);
    }
    done += count;
  }
  std::printf("%zu cases, %zu alert states compared, %zu mismatches\n", done, states, mismatches);
}

// ---- a real server with a history

constexpr std::int64_t scrape = 15;
constexpr std::int64_t days = 4;  // 23,040 evaluations of 15 s: more than two chunks

class BacktestTest : public testing::Test {
 protected:
  // One server for all: its history takes a second to write.
  static void SetUpTestSuite() {
    if (!prometheus_is_installed() || !promtool_is_installed()) return;
    folder = std::make_unique<Folder>();
    begin = (static_cast<std::int64_t>(std::time(nullptr)) - days * 86'400 - 7'200) / scrape * scrape;
    std::ofstream history(folder->path + "/history");
    history << "# TYPE app_errors gauge\n";
    for (const char* instance : {"a", "b"}) {
      for (std::int64_t time = begin; time <= begin + days * 86'400; time += scrape)
        history << "app_errors{instance=\"" << instance << "\"} " << (failing(instance, time - begin) ? 9 : 1) << " "
                << time << "\n";
    }
    history << "# TYPE app_requests gauge\n";
    for (std::int64_t time = begin; time <= begin + days * 43'200; time += scrape)
      history << "app_requests 5 " << time << "\n";  // only for the first half
    history << "# EOF\n";
    history.close();
    std::filesystem::create_directories(folder->path + "/data");
    const auto command = fmt::format(
        "/usr/bin/promtool tsdb create-blocks-from openmetrics {0}/history {0}/data > {0}/out 2>&1", folder->path);
    ASSERT_EQ(std::system(command.c_str()), 0) << folder->read("out");
    server = std::make_unique<PrometheusServer>(folder->path, "groups: []\n", free_loopback_port(), false);
    for (int i = 0; i < 600; ++i) {
      HttpRequest request;
      request.url = server->url() + "/-/ready";
      auto answer = run_task(loop(), http().send(request, stop()));
      if (answer && answer->status == 200) break;
      std::this_thread::sleep_for(Milliseconds{50});
    }
  }
  static void TearDownTestSuite() {
    server.reset();
    folder.reset();
  }
  void SetUp() override {
    if (server == nullptr) GTEST_SKIP() << "NOT TESTED: needs prometheus and promtool (Debian package prometheus)";
  }

  // a: an hour in; over the border of the first chunk; and at the end of the third day. b: beside the first of a.
  static bool failing(const std::string& instance, std::int64_t since) {
    const auto in = [since](std::int64_t from, std::int64_t length) { return since >= from && since < from + length; };
    if (instance == "b") return in(3'600 + 300, 600);
    return in(3'600, 600) || in(10'000 * scrape - 600, 1'200) || in(3 * 86'400, 1'800) || in(2 * 86'400, 30);
  }
  static std::vector<ExpectedRule> rules_of(const std::string& rules) {
    auto read = read_rules_file("r.yml", "groups:\n- name: g\n  interval: 15s\n  rules:\n" + rules);
    if (!read) ADD_FAILURE() << read.error().message;
    return read ? *read : std::vector<ExpectedRule>();
  }
  static BacktestOrder order_of(const std::string& rules) {
    BacktestOrder order;
    order.prometheus = server->url();
    order.rules = rules_of(rules);
    order.span = {Time(std::chrono::seconds(begin)), Time(std::chrono::seconds(begin + days * 86'400))};
    return order;
  }
  static Result<BacktestOutcome> perform(BacktestOrder order) {
    return run_task(loop(), backtest(http(), std::move(order), stop()));
  }
  // When firings began and how long they lasted, in seconds since the begin of the history.
  static std::vector<std::pair<std::int64_t, std::int64_t>> spans(const PhaseOutcome& phase) {
    std::vector<std::pair<std::int64_t, std::int64_t>> all;
    for (const auto& firing : phase.firings)
      all.emplace_back(firing.begin.count() / 1000 - begin, (firing.end - firing.begin).count() / 1000);
    return all;
  }

  static boost::asio::io_context& loop() {
    static boost::asio::io_context one;
    return one;
  }
  static HttpCurl& http() {
    static BlockingPool pool{1};
    static HttpCurl one{pool};
    return one;
  }
  static Stop& stop() {
    static Stop one;
    return one;
  }
  static std::unique_ptr<Folder> folder;
  static std::unique_ptr<PrometheusServer> server;
  static std::int64_t begin;
};
std::unique_ptr<Folder> BacktestTest::folder;
std::unique_ptr<PrometheusServer> BacktestTest::server;
std::int64_t BacktestTest::begin = 0;

TEST_F(BacktestTest, ReadsAHistoryOfManyChunks) {
  auto outcome = perform(order_of("  - {alert: High, expr: app_errors > 5, for: 1m}\n"));
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  ASSERT_EQ(outcome->rules.size(), 1u);
  const auto& rule = outcome->rules[0];
  EXPECT_EQ(rule.problem, "");
  ASSERT_EQ(rule.phases.size(), 4u);
  EXPECT_GE(outcome->calls, 12u) << "four phases of three chunks";
  for (std::size_t phase = 0; phase < 4; ++phase) {
    // A sample is seen at the next evaluation, and lasts until the next sample.
    ASSERT_EQ(rule.phases[phase].firings.size(), 4u) << phase;
    const auto found = spans(rule.phases[phase]);
    const std::int64_t expected[][2] = {
        {3'660, 540}, {3'960, 540}, {10'000 * scrape - 540, 1'140}, {3 * 86'400 + 60, 1'740}};
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(static_cast<double>(found[i].first), static_cast<double>(expected[i][0]), 15) << phase << " " << i;
      EXPECT_NEAR(static_cast<double>(found[i].second), static_cast<double>(expected[i][1]), 15) << phase << " " << i;
    }
    EXPECT_EQ(rule.phases[phase].near_misses, 1u);
    EXPECT_EQ(pages_of(rule.phases[phase]).size(), 3u) << "b fires beside a";
  }
  EXPECT_EQ(rule.inputs, 1);
  EXPECT_THAT(doubts_about(*outcome), IsEmpty());
}

TEST_F(BacktestTest, ComputesRecordedSeriesInPlace) {
  const std::string recorded =
      "  - {record: 'app:errors:max', expr: max by (instance) (app_errors), labels: {team: x}}\n";
  for (const char* expression :
       {"app:errors:max{instance=\"a\"} > 5", "app:errors:max{instance=~\"a|c\", team=\"x\"} > 5",
        "app:errors:max{instance!=\"b\"} > 5", "app:errors:max{instance!~\"b|c\", team!~\"y|\"} > 5"}) {
    auto outcome = perform(order_of(recorded + "  - {alert: High, expr: '" + expression + "', for: 1m}\n"));
    ASSERT_TRUE(outcome.ok()) << outcome.error().message;
    const auto& rule = outcome->rules[0];
    ASSERT_EQ(rule.problem, "") << expression;
    EXPECT_THAT(rule.recorded, ElementsAre("app:errors:max"));
    ASSERT_EQ(rule.phases[0].firings.size(), 3u) << expression;
    EXPECT_EQ(rule.phases[0].firings[0].labels, (Labels{{"alertname", "High"}, {"instance", "a"}, {"team", "x"}}));
    EXPECT_FALSE(rule.approximate);
  }
  auto outcome =
      perform(order_of(recorded + "  - {alert: High, expr: 'min_over_time(app:errors:max{instance=\"a\"}[1m]) > 5'}\n"
                                  "  - {alert: Rise, expr: 'app:errors:max - app:errors:max offset 20m > 5'}\n"));
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->rules[0].problem, "");
  EXPECT_TRUE(outcome->rules[0].approximate);
  EXPECT_EQ(outcome->rules[0].phases[0].firings.size(), 3u);
  EXPECT_EQ(outcome->rules[1].problem, "");
  EXPECT_EQ(outcome->rules[1].phases[0].firings.size(), 5u) << "30 s are seen, too";
}

TEST_F(BacktestTest, AnAlertThatBeganBeforeTheSpanIsNoNewPage) {
  auto order = order_of("  - {alert: High, expr: 'app_errors{instance=\"a\"} > 5', for: 5m, keep_firing_for: 10m}\n");
  order.span = {Time(std::chrono::seconds(begin + 3'600 + 400)), Time(std::chrono::seconds(begin + 7'200))};
  auto outcome = perform(order);
  ASSERT_TRUE(outcome.ok());
  const auto& phase = outcome->rules[0].phases[0];
  ASSERT_EQ(phase.firings.size(), 1u);
  EXPECT_TRUE(phase.firings[0].begun_before);
  EXPECT_NEAR(static_cast<double>(spans(phase)[0].second), 200 + 600, 15);
  EXPECT_EQ(pages_of(outcome->rules[0], {}).most, 0u);
}

TEST_F(BacktestTest, SaysWhatCouldNotBeComputed) {
  auto outcome =
      perform(order_of("  - {alert: Typo, expr: app_erors > 5}\n"
                       "  - {alert: Half, expr: app_requests > 50}\n"
                       "  - {alert: Broken, expr: 'sum(app_errors'}\n"
                       "  - {alert: Wrong, expr: 'app_errors + on () app_errors'}\n"
                       "  - {alert: Same, expr: app_errors > 5, labels: {instance: all}}\n"
                       "  - {alert: Moving, expr: app_errors > 5, labels: {v: '{{ $value }}'}}\n"
                       "  - {alert: GateWatchdog, expr: vector(1)}\n"
                       "  - {alert: Fine, expr: app_errors > 50}\n"));
  ASSERT_TRUE(outcome.ok());
  const auto problem = [&](std::size_t i) { return outcome->rules[i].problem; };
  EXPECT_EQ(problem(0), "");
  EXPECT_EQ(outcome->rules[0].inputs, 0);
  EXPECT_EQ(outcome->rules[0].scarcest, "app_erors");
  EXPECT_NEAR(outcome->rules[1].inputs, 0.5, 0.01);
  EXPECT_THAT(problem(2), HasSubstr("parse error"));
  EXPECT_THAT(problem(3), HasSubstr("found duplicate series"));
  EXPECT_THAT(problem(4), HasSubstr("two series are the same alert {alertname=\"Same\", instance=\"all\"}"));
  EXPECT_THAT(problem(5), HasSubstr("holds the value"));
  EXPECT_EQ(problem(6), "");
  EXPECT_THAT(outcome->left_out, ElementsAre("GateWatchdog"));
  EXPECT_EQ(doubts_about(*outcome).size(), 6u);
}

TEST_F(BacktestTest, AServerThatDoesNotAnswerIsAnError) {
  auto order = order_of("  - {alert: High, expr: app_errors > 5}\n");
  order.prometheus = "http://127.0.0.1:" + std::to_string(free_loopback_port());
  auto outcome = perform(order);
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.error().message, HasSubstr("refused the connection"));
  order = order_of("  - {alert: High, expr: app_errors > 5}\n");
  order.span.begin += std::chrono::hours(24 * 30);
  order.span.end += std::chrono::hours(24 * 30);
  outcome = perform(order);
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.error().message, HasSubstr("is empty"));
}

TEST_F(BacktestTest, IsAVerb) {
  folder->write("app.rules.yml",
                "groups:\n- name: g\n  interval: 15s\n  rules:\n"
                "  - {alert: High, expr: app_errors > 5, for: 1m, labels: {severity: page}}\n"
                "  - {alert: Ticket, expr: app_errors > 5, labels: {severity: ticket}}\n");
  std::string out, err;
  CliParts parts;
  parts.out = [&](std::string_view text) { out += text; };
  parts.err = [&](std::string_view text) { err += text; };
  const auto run = [&](std::vector<std::string> more) {
    out.clear();
    err.clear();
    const auto from = std::to_string(begin), to = std::to_string(begin + days * 86'400);
    std::vector<std::string> words{"quietgate",    "alerts",
                                   "backtest",     folder->path + "/app.rules.yml",
                                   "--prometheus", server->url(),
                                   "--from",       from,
                                   "--to",         to,
                                   "--time-zone",  "UTC"};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<const char*> argv;
    for (const auto& word : words) argv.push_back(word.c_str());
    return run_cli(static_cast<int>(argv.size()), argv.data(), parts);
  };
  EXPECT_EQ(run({}), exit_ok) << err;
  EXPECT_THAT(out,
              AllOf(HasSubstr("2 alerts from "), HasSubstr("High  (group g, every 15s, for 1m)\n  fired 3 times, "),
                    HasSubstr("near misses: pending and cleared once"), HasSubstr("no page: severity ticket"),
                    HasSubstr("\nwould have paged 3 times in 4 days, 0.8 a day"), HasSubstr("not reproduced: ")));
  EXPECT_EQ(run({"--at-most", "3"}), exit_ok);
  EXPECT_EQ(run({"--at-most", "2"}), exit_failed);
  EXPECT_THAT(err, HasSubstr("3 pages are more than 2"));
  EXPECT_EQ(run({"--json", "--interval", "1m"}), exit_ok);
  const auto json = nlohmann::json::parse(out);
  EXPECT_EQ(json["pages"]["most"], 3);
  EXPECT_EQ(json["rules"][0]["episodes"].size(), 4u);
  EXPECT_EQ(json["rules"][0]["episodes"][0]["labels"]["instance"], "a");
  EXPECT_EQ(run({"--time-zone", "Nowhere/City"}), exit_usage);
  EXPECT_EQ(run({"--interval", "often"}), exit_usage);
  folder->write("app.rules.yml", "groups:\n- name: g\n  rules:\n  - {alert: Typo, expr: app_erors > 5}\n");
  EXPECT_EQ(run({"--at-most", "3"}), exit_inconclusive) << "silence without samples proves nothing";
  EXPECT_THAT(err, HasSubstr("not proved: Typo: `app_erors` had samples only 0 % of the time"));
  EXPECT_THAT(out, HasSubstr("DEAF: `app_erors`"));
}

}  // namespace
}  // namespace quietgate
