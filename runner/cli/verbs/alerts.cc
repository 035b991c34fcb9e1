#include "runner/cli/verbs/alerts.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "runner/cli/backtest_run.h"
#include "runner/cli/invocation.h"
#include "runner/cli/rule_files.h"
#include "runner/cli/terminal/screen_text.h"
#include "runner/cli/time_zone.h"
#include "runner/service/composition.h"
#include "stages/gate/backtest_report.h"
#include "stages/prometheus/prometheus_times.h"

namespace quietgate {

namespace {

struct BacktestQuery {
  std::vector<std::string> rules;  // files and folders
  std::string prometheus;
  std::string config;  // of a service; empty: none
  std::string from = "7d";
  std::string to = "now";
  std::string time_zone;  // empty: this machine's
  std::string interval = "1m";
  std::string deadline = "1m";
  int at_most = -1;  // -1: not asked
};

Result<double> seconds_in(const std::string& text, const char* option) {
  auto seconds = read_duration(text);
  if (seconds && *seconds >= 0.001 && *seconds <= 86'400) return *seconds;
  return user_error(fmt::format("{}: `{}` is not a duration from 1ms to 1d", option, text),
                    "write a duration such as 30s or 1m");
}

Result<BacktestOrder> order_of(const BacktestQuery& query, const LocalTime& zone) {
  BacktestOrder order;
  order.prometheus = query.prometheus;
  const auto now = std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
  auto from = parse_moment(query.from, now, zone);
  if (!from) return user_error("--from: " + from.error().message, from.error().advice);
  auto to = parse_moment(query.to, now, zone);
  if (!to) return user_error("--to: " + to.error().message, to.error().advice);
  order.span = {*from, *to};
  if (order.span.begin >= order.span.end)
    return user_error(fmt::format("--from {} is not before --to {}", iso_time(*from), iso_time(*to)));
  auto interval = seconds_in(query.interval, "--interval");
  if (!interval) return interval.error();
  order.default_interval = *interval;
  auto deadline = seconds_in(query.deadline, "--deadline");
  if (!deadline) return deadline.error();
  order.deadline = Milliseconds(static_cast<std::int64_t>(*deadline * 1000));
  auto rules = read_alert_rules(query.rules);
  if (!rules) return rules.error();
  order.rules = std::move(*rules);
  return order;
}

int verdict_on(const Invocation& call, const BacktestOutcome& outcome, const BacktestQuery& query,
               const LocalTime& zone) {
  const auto doubts = doubts_about(outcome);
  const auto pages = pages_of(outcome, zone).most;
  if (query.at_most >= 0 && pages > static_cast<std::size_t>(query.at_most)) {
    call.parts.err(fmt::format("quietgate: {} pages are more than {}\n", pages, query.at_most));
    return exit_failed;
  }
  const bool failed = std::any_of(outcome.rules.begin(), outcome.rules.end(),
                                  [](const RuleOutcome& rule) { return !rule.problem.empty(); });
  if (query.at_most < 0) return failed ? exit_inconclusive : exit_ok;
  for (const auto& doubt : doubts) call.parts.err("quietgate: not proved: " + printable(doubt) + "\n");
  return doubts.empty() ? exit_ok : exit_inconclusive;
}

Result<std::vector<ServerConfig>> servers_of(const std::string& config_file) {
  if (config_file.empty()) return std::vector<ServerConfig>();
  auto config = load_config(config_file);
  if (!config) return config.error();
  return std::move(config->servers);
}

int backtest_rules(const Invocation& call, const BacktestQuery& query) {
  auto zone = zone_named(query.time_zone);
  if (!zone) return call.fail(zone.error(), exit_usage);
  const ZoneInUse in_use(query.time_zone);
  auto order = order_of(query, *zone);
  if (!order) return call.fail(order.error(), exit_usage);
  auto servers = servers_of(query.config);
  if (!servers) return call.fail(servers.error(), exit_usage);
  const bool live = !call.common.json && ::isatty(STDERR_FILENO) == 1;
  std::size_t done = 0;
  if (live) {
    order->progress = [&](const std::string& name) {
      call.parts.err(fmt::format("\r\x1b[Kcomputing alert {}: {}", ++done, printable(name)));
    };
  }
  auto outcome = run_backtest(std::move(*order), access_of(*servers));
  if (live) call.parts.err("\r\x1b[K");
  if (!outcome)
    return call.fail(outcome.error(), outcome.error().kind == ErrorKind::user ? exit_usage : exit_inconclusive);
  call.parts.out(call.common.json ? backtest_json(*outcome, *zone) : printable_lines(backtest_text(*outcome, *zone)));
  return verdict_on(call, *outcome, query, *zone);
}

Verb backtest_verb() {
  auto query = std::make_shared<BacktestQuery>();
  Verb verb{"backtest", "Compute when rules that are not loaded yet would have fired", "Verbs"};
  auto& options = verb.options;
  options.list("RULES", query->rules, "Rule files, or folders of them").required();
  options.text("--prometheus", query->prometheus, "The server that has the history, such as http://HOST:9090")
      .environment("QUIETGATE_PROMETHEUS")
      .required();
  options.text("--config", query->config, "A service's configuration; only its `servers` are used")
      .environment("QUIETGATE_CONFIG");
  options.text("--from", query->from, "Start: 7d, `2h ago`, yesterday, 2026-02-03T04:05:06Z (default: 7d)");
  options.text("--to", query->to, "End, in the same forms (default: now)");
  options.number("--at-most", query->at_most, "Exit with 1 if there would have been more pages").between(0, 1'000'000);
  options.text("--time-zone", query->time_zone,
               "Time zone of nights and times, such as Europe/Berlin (default: this machine's)");
  options.text("--interval", query->interval, "Interval of rule groups that have none (default: 1m)");
  options.text("--deadline", query->deadline, "Longest wait for the server's answer (default: 1m)");
  verb.run = [query](const Invocation& call) { return backtest_rules(call, *query); };
  return verb;
}

}  // namespace

Verb alerts_verb() {
  Verb verb{"alerts", "Evaluate alert rules against history: `alerts backtest`", verb_group::local};
  verb.below = {backtest_verb()};
  return verb;
}

}  // namespace quietgate
