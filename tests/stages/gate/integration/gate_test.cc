// The gate against real Prometheus servers: every way in which rules can be deaf ends loud or blind, never quiet.
#include <gmock/gmock.h>

#include <boost/asio/steady_timer.hpp>
#include <list>

#include "runner/adapters/clock/posix_clock.h"
#include "runner/adapters/http/http_curl.h"
#include "stages/gate/gate.h"
#include "stages/gate/judgement.h"
#include "stages/prometheus/prometheus.h"
#include "tests/support/prometheus_server.h"
#include "tests/support/specs.h"
#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string healthy_rules = R"(groups:
  - name: app
    interval: 500ms
    rules:
      - record: app:latency:max
        expr: max(app_latency_seconds)
      - alert: HighErrors
        expr: app_errors > 5
        for: 1s
        labels: {layer: application, rules_sha: "@RULES_SHA@"}
        annotations: {summary: "errors: {{ $value }}"}
      - alert: ErrorRatio
        expr: |
          sum(rate(app_requests_total{code=~"5.."}[2s]))   # only there once one failed
            / clamp_min(sum(rate(app_requests_total[2s])), 1) > 0.5
        for: 1s
        labels: {layer: application}
      - alert: Slow
        expr: app:latency:max > 1
        for: 2s
        labels: {layer: application}
      - record: gate:heartbeat
        expr: vector(time())
        labels: {gate_group: app}
  - name: node
    interval: 500ms
    rules:
      - alert: Down
        expr: up == 0 or absent(up)
        for: 2s
        labels: {layer: node}
      - record: gate:heartbeat
        expr: vector(time())
        labels: {gate_group: node}
)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

std::string without_heartbeats(const std::string& rules) {
  std::string text;
  std::size_t at = 0;
  for (std::size_t beat = rules.find("      - record: gate:heartbeat"); beat != std::string::npos;
       beat = rules.find("      - record: gate:heartbeat", at)) {
    text += rules.substr(at, beat - at);
    at = beat;
    for (int line = 0; line < 3; ++line) at = rules.find('\n', at) + 1;
  }
  return text + rules.substr(at);
}

class GateTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!prometheus_is_installed()) GTEST_SKIP() << "NOT TESTED: needs /usr/bin/prometheus (Debian package prometheus)";
    bench.real = true;
  }

  // A server with these rules, scraped at least once; the window begins now and is 4 s long.
  void serve(const std::string& loaded, const std::string& committed, bool scrapes_itself = false) {
    std::filesystem::create_directories(bench.root + "/prometheus");
    server = std::make_unique<PrometheusServer>(bench.root + "/prometheus", replaced(loaded, "@RULES_SHA@", "0123"),
                                                target.port(), scrapes_itself);
    bench.write("checkout/alerts/app.rules.yml", committed);
    spec.prometheus = server->url();
    spec.rules = {"alerts/*.rules.yml"};
    spec.during = {"load"};
    spec.quiet_for = Milliseconds{1000};
    spec.layers = {"application", "node"};
    ASSERT_TRUE(bench.await(until_scraped(scrapes_itself ? 2 : 1)));
    open_window();
  }
  void open_window() {
    StageOutcome load;
    load.outcome = Outcome::passed;
    load.window = Window{clock.now(), clock.now() + Milliseconds{4000}};
    finished["load"] = load;
  }

  Task<bool> until_scraped(std::size_t targets) {
    Prometheus prometheus(http, server->url(), Milliseconds{1000});
    for (int i = 0; i < 1200; ++i) {
      auto up = co_await prometheus.query("count_over_time(up[1m]) >= 3", bench.stop);
      if (up && up->size() == targets) co_return true;
      co_await clock.sleep(Milliseconds(50), bench.stop);
    }
    co_return false;
  }

  void after(int milliseconds, std::function<void()> what) {
    timers.emplace_back(bench.loop, Milliseconds{milliseconds});
    timers.back().async_wait([what = std::move(what)](auto error) {
      if (!error) what();
    });
  }

  void rest(Milliseconds span) { bench.await(sleep(span)); }
  Task<bool> sleep(Milliseconds span) {
    co_await clock.sleep(span, bench.stop);
    co_return true;
  }

  GateJudgement judge() {
    auto request = bench.request(PromoteSpec{});
    request.finished = finished;
    auto judgement = bench.await(gate.judge(spec, request));
    timers.clear();
    ask_naively();
    const auto* name = testing::UnitTest::GetInstance()->current_test_info()->name();
    std::printf("| %s | %s | %s |\n", name, naive.c_str(), to_string(judgement.verdict));
    return judgement;
  }
  // As a gate would that takes silence for yes: nothing fires at the end.
  void ask_naively() {
    Stop never;
    Prometheus prometheus(http, server->url(), Milliseconds{1000});
    auto firing = bench.await(prometheus.query("ALERTS{alertstate=\"firing\"}", never));
    naive = !firing ? "no answer" : firing->empty() ? "passes" : "refuses";
  }

  static std::string detail(const GateJudgement& judgement, const std::string& id) {
    for (const auto& proof : judgement.proofs) {
      if (proof.id == id) return std::string(to_string(proof.verdict)) + ": " + proof.detail;
    }
    return "no such proof";
  }

  StageBench bench;
  PosixClock clock{bench.loop.get_executor()};
  BlockingPool pool{2};
  HttpCurl http{pool};
  Gate gate{http, clock};
  MetricsTarget target;
  std::unique_ptr<PrometheusServer> server;
  GateSpec spec;
  std::map<std::string, StageOutcome> finished;
  std::list<boost::asio::steady_timer> timers;
  std::string naive;  // what a naive gate would have said
};

TEST_F(GateTest, QuietWhenEveryProofHolds) {
  serve(healthy_rules, healthy_rules);
  auto judgement = judge();
  EXPECT_EQ(said_by(judgement),
            "quiet: 7 rules in 2 groups were evaluated without a gap over 5s and none was pending or firing")
      << bench.log.all();
  EXPECT_EQ(judgement.verdict, GateVerdict::quiet);
  EXPECT_EQ(judgement.proofs.size(), 10U);
  EXPECT_THAT(detail(judgement, "LAYER"), HasSubstr("application 3, node 1"));
  EXPECT_THAT(bench.log.all(), HasSubstr("waiting 6s for the rules to stay quiet"));
  EXPECT_EQ(judgement.window.end - judgement.window.begin, Milliseconds{5000});
}

TEST_F(GateTest, AFiringAlertIsLoudAndEndsTheWait) {
  serve(healthy_rules, healthy_rules);
  target.set("app_errors", 9);
  spec.quiet_for = Milliseconds{60'000};
  const auto begin = clock.now();
  auto judgement = judge();
  EXPECT_EQ(judgement.verdict, GateVerdict::loud) << bench.log.all();
  EXPECT_THAT(said_by(judgement), AllOf(HasSubstr("loud: HighErrors {instance=\"127.0.0.1:"),
                                        HasSubstr("was firing for"), HasSubstr("value 9, and still is")));
  EXPECT_LT(clock.now() - begin, Milliseconds{30'000}) << "the wait was not ended";
}

TEST_F(GateTest, AnAlertThatFiredAndResolvedIsLoud) {
  serve(healthy_rules, healthy_rules);
  target.set("app_errors", 9);
  const auto began = clock.now();
  rest(Milliseconds{2600});
  target.set("app_errors", 0);
  rest(began + Milliseconds{6500} - clock.now());
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_EQ(judgement.verdict, GateVerdict::loud) << bench.log.all();
  EXPECT_THAT(said_by(judgement), AllOf(HasSubstr("HighErrors"), HasSubstr("was firing for"), Not(HasSubstr("still"))));
}

TEST_F(GateTest, ADirtyStartIsLoudAndSaysSo) {
  serve(healthy_rules, healthy_rules);
  target.set("app_errors", 9);
  rest(Milliseconds{2600});
  open_window();
  auto judgement = judge();
  EXPECT_EQ(judgement.verdict, GateVerdict::loud) << bench.log.all();
  EXPECT_THAT(said_by(judgement), HasSubstr("dirty start"));
}

TEST_F(GateTest, PendingAtTheEndIsWaitedForAndLoudWhenItFires) {
  const auto rules = replaced(healthy_rules, "for: 2s", "for: 3s");
  serve(rules, rules);
  after(3000, [this] { target.set("app_latency_seconds", 7); });
  auto judgement = judge();
  EXPECT_EQ(judgement.verdict, GateVerdict::loud) << bench.log.all();
  EXPECT_THAT(said_by(judgement), AllOf(HasSubstr("Slow was firing"), HasSubstr("value 7")));
  EXPECT_THAT(bench.log.all(), HasSubstr("waiting up to 4s to see whether it clears or fires"));
}

TEST_F(GateTest, PendingThatClearsIsANearMiss) {
  const auto rules = replaced(healthy_rules, "for: 2s", "for: 3s");
  serve(rules, rules);
  after(1000, [this] { target.set("app_latency_seconds", 7); });
  after(2600, [this] { target.set("app_latency_seconds", 0.1); });
  auto judgement = judge();
  EXPECT_EQ(judgement.verdict, GateVerdict::quiet) << bench.log.all();
  EXPECT_THAT(said_by(judgement), HasSubstr("some were pending for a while"));
  EXPECT_THAT(detail(judgement, "QUIET"), HasSubstr("near misses: Slow was pending for"));
}

TEST_F(GateTest, ATargetThatAnswers503IsBlind) {
  // The rule on `up` is left out: a naive gate would see nothing but silence.
  const auto rules = replaced(healthy_rules, "up == 0 or absent(up)", "app_errors > 100");
  serve(rules, rules);
  after(2000, [this] { target.fail(true); });
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_EQ(judgement.verdict, GateVerdict::blind) << bench.log.all();
  EXPECT_THAT(said_by(judgement), AllOf(HasSubstr("blind: target app 127.0.0.1:"), HasSubstr("is down: server returned "
                                                                                             "HTTP status 503")));
  EXPECT_THAT(detail(judgement, "P6"), HasSubstr("had no fresh sample at"));
}

TEST_F(GateTest, ATargetThatWasDownForAMomentIsBlind) {
  const auto rules = replaced(healthy_rules, "up == 0 or absent(up)", "app_errors > 100");
  serve(rules, rules);
  after(1500, [this] { target.fail(true); });
  after(2500, [this] { target.fail(false); });
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_EQ(judgement.verdict, GateVerdict::blind) << bench.log.all();
  EXPECT_THAT(said_by(judgement), HasSubstr("was down within the window"));
}

TEST_F(GateTest, AMetricThatDoesNotExistIsBlind) {
  const auto rules = replaced(healthy_rules, "expr: app_errors", "expr: app_error");
  serve(rules, rules);
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_EQ(said_by(judgement),
            "blind: HighErrors asks for app_error, which had no fresh sample in the window (renamed metric?)")
      << bench.log.all();
}

TEST_F(GateTest, ALabelThatDoesNotExistIsBlindAlsoWhereSilenceIsNormal) {
  const auto rules = replaced(healthy_rules, "{code=~", "{cod=~");
  serve(rules, rules);
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_THAT(said_by(judgement),
              HasSubstr("blind: ErrorRatio asks for app_requests_total{cod=~\"5..\"}, which had no "
                        "fresh sample in the window (renamed metric?), and app_requests_total{cod!=\"\"} "
                        "had no fresh sample"))
      << bench.log.all();
}

TEST_F(GateTest, ADescribedMetricMayBeAbsentBesideItsSibling) {
  const auto with = [](const std::string& metric) {
    return replaced(healthy_rules, "annotations: {summary: \"errors: {{ $value }}\"}",
                    "annotations: {summary: \"errors: {{ $value }}\", gate_sibling: app_latency_seconds}") +
           "      - {alert: Late, expr: " + metric +
           " > 5, for: 1s, labels: {layer: node}, annotations: {gate_sibling: up}}\n";
  };
  target.describe("app_sometimes");
  const auto order = [](std::string rules) {
    // The heartbeat stays the last of its group.
    const auto late = rules.rfind("      - {alert: Late");
    const auto beat = rules.rfind("      - record: gate:heartbeat");
    return rules.substr(0, beat) + rules.substr(late) + rules.substr(beat, late - beat);
  };
  serve(order(with("app_sometimes")), order(with("app_sometimes")));
  auto judgement = judge();
  EXPECT_EQ(judgement.verdict, GateVerdict::quiet) << bench.log.all();
}

TEST_F(GateTest, AMetricThatNobodyDescribesIsBlindAlsoBesideItsSibling) {
  const auto rules =
      replaced(replaced(healthy_rules, "expr: app_errors", "expr: app_error"),
               "annotations: {summary: \"errors: {{ $value }}\"}", "annotations: {gate_sibling: app_latency_seconds}");
  serve(rules, rules);
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_EQ(said_by(judgement),
            "blind: HighErrors asks for app_error, which had no fresh sample in the window (renamed metric?), and no "
            "target describes app_error")
      << bench.log.all();
}

TEST_F(GateTest, AMetricThatIsNotANumberIsBlind) {
  target.set("app_errors", std::numeric_limits<double>::quiet_NaN());
  serve(healthy_rules, healthy_rules);
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_EQ(said_by(judgement),
            "blind: HighErrors asks for app_errors, which had no fresh sample in the window (renamed metric?)")
      << bench.log.all();
}

TEST_F(GateTest, AMetricWhoseLastSampleIsOldIsBlind) {
  target.stamp("app_errors", clock.now().time_since_epoch().count() - 20'000);
  serve(healthy_rules, healthy_rules);
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_EQ(said_by(judgement),
            "blind: HighErrors asks for app_errors, which had no fresh sample in the window (renamed metric?)")
      << bench.log.all();
}

TEST_F(GateTest, AnAlertThatIsAnotherOneAtEachEvaluationIsBlind) {
  const auto rules =
      replaced(replaced(healthy_rules, "app_errors > 5", "app_requests_total > 5"), "layer: application, rules_sha",
               "layer: application, now: \"{{ with query \\\"app_requests_total\\\" }}{{ . | first | value }}{{ end "
               "}}\", rules_sha");
  serve(rules, rules);
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_THAT(said_by(judgement), AllOf(HasSubstr("blind: HighErrors was pending for"),
                                        HasSubstr("sets of labels: none of them lasted for its `for` of 1s")))
      << bench.log.all();
}

TEST_F(GateTest, ARestartWithinTheWindowIsBlind) {
  serve(healthy_rules, healthy_rules);
  after(2000, [this] {
    server->kill();
    server->start();
  });
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_EQ(judgement.verdict, GateVerdict::blind) << bench.log.all();
  EXPECT_THAT(said_by(judgement), HasSubstr("blind: Prometheus restarted at"));
}

TEST_F(GateTest, AReloadWithinTheWindowIsBlind) {
  serve(healthy_rules, healthy_rules);
  after(2000, [this] { server->signal(SIGHUP); });
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_EQ(judgement.verdict, GateVerdict::blind) << bench.log.all();
  EXPECT_THAT(said_by(judgement), HasSubstr("loaded its configuration at"));
}

TEST_F(GateTest, OtherRulesThanTheCommitsAreBlind) {
  serve(replaced(healthy_rules, "app_errors > 5", "app_errors > 50"), healthy_rules);
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_EQ(
      said_by(judgement),
      "blind: HighErrors of alerts/app.rules.yml is loaded differently: its expression is `app_errors > 5` in the "
      "commit and `app_errors > 50` in Prometheus")
      << bench.log.all();
}

TEST_F(GateTest, ARuleThatCanNotBeEvaluatedIsBlind) {
  const auto rules =
      replaced(healthy_rules, "app_errors > 5", "app_errors * on() {__name__=~\"app_errors|app_latency_seconds\"} > 5");
  serve(rules, rules);
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_EQ(judgement.verdict, GateVerdict::blind) << bench.log.all();
  EXPECT_THAT(said_by(judgement), AllOf(HasSubstr("blind: HighErrors can't be evaluated"), HasSubstr("many")));
}

TEST_F(GateTest, AnAlertThatItsGroupsLimitWipedIsNotQuiet) {
  const auto rules = replaced(healthy_rules, "  - name: app\n", "  - name: app\n    limit: 1\n");
  target.set("app_errors{path=\"/a\"}", 0);
  serve(rules, rules);
  target.set("app_errors{path=\"/a\"}", 9);
  target.set("app_errors", 9);
  rest(Milliseconds{3000});
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_EQ(judgement.verdict, GateVerdict::blind) << bench.log.all();
  EXPECT_THAT(said_by(judgement), HasSubstr("HighErrors can't be evaluated: exceeded limit of 1"));
}

TEST_F(GateTest, AFailedScrapeThatResetsThePendingTimeIsBlind) {
  const auto rules = replaced(healthy_rules, "for: 1s\n        labels: {layer: application, rules",
                              "for: 3s\n        labels: {layer: application, rules");
  serve(replaced(rules, "up == 0 or absent(up)", "app_latency_seconds > 100"),
        replaced(rules, "up == 0 or absent(up)", "app_latency_seconds > 100"));
  target.set("app_errors", 9);
  // Crashing again and again, it never stays up for as long as the alert waits.
  for (int at = 1500; at < 6000; at += 2000) {
    after(at, [this] { target.fail(true); });
    after(at + 800, [this] { target.fail(false); });
  }
  after(6500, [this] { target.set("app_errors", 0); });
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_NE(judgement.verdict, GateVerdict::quiet) << bench.log.all();
}

TEST_F(GateTest, AHungServerIsBlindWithinItsDeadline) {
  serve(healthy_rules, healthy_rules);
  after(2000, [this] { server->signal(SIGSTOP); });
  const auto begin = clock.now();
  auto judgement = judge();
  EXPECT_EQ(judgement.verdict, GateVerdict::blind) << bench.log.all();
  EXPECT_THAT(said_by(judgement), HasSubstr("did not answer within 3s"));
  EXPECT_LT(clock.now() - begin, Milliseconds{20'000});
}

TEST_F(GateTest, AServerThatIsGoneIsBlindAtOnce) {
  serve(healthy_rules, healthy_rules);
  server->kill();
  auto judgement = judge();
  EXPECT_EQ(judgement.verdict, GateVerdict::blind);
  EXPECT_EQ(said_by(judgement), "blind: " + server->url() + "/-/ready refused the connection");
}

TEST_F(GateTest, PrometheusOwnMetricsProveEvaluationWithoutHeartbeat) {
  const auto rules = without_heartbeats(healthy_rules);
  serve(rules, rules, true);
  auto judgement = judge();
  EXPECT_EQ(judgement.verdict, GateVerdict::quiet) << bench.log.all();
  EXPECT_THAT(detail(judgement, "P5"), HasSubstr("2 groups over 5s, no evaluation failed"));
}

TEST_F(GateTest, NeitherHeartbeatNorOwnMetricsIsBlind) {
  const auto rules = without_heartbeats(healthy_rules);
  serve(rules, rules);
  auto judgement = judge();
  EXPECT_EQ(naive, "passes");
  EXPECT_EQ(judgement.verdict, GateVerdict::blind);
  EXPECT_THAT(said_by(judgement), AllOf(HasSubstr("nothing proves that group app was evaluated throughout"),
                                        HasSubstr("record: gate:heartbeat")));
}

TEST_F(GateTest, AStoppedWaitThrows) {
  serve(healthy_rules, healthy_rules);
  after(500, [this] { bench.stop.request(StopReason::cancel, "cancelled by ana"); });
  EXPECT_THROW(judge(), Stopped);
}

}  // namespace
}  // namespace quietgate
