// The verbs about alert rules.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <optional>

#include "runner/adapters/http/http_curl.h"
#include "runner/cli/cli.h"
#include "runner/service/composition.h"
#include "stages/gate/backtest_report.h"
#include "stages/prometheus/prometheus_answers.h"

namespace quietgate {

namespace {

namespace fs = std::filesystem;

constexpr const char* zone_folder = "/usr/share/zoneinfo/";

Milliseconds machine_offset(Time time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm shown{};
  if (::localtime_r(&seconds, &shown) == nullptr) return Milliseconds{0};
  return std::chrono::seconds(shown.tm_gmtoff);
}

// What the C library takes for local time, while this exists.
class ZoneInUse {
 public:
  explicit ZoneInUse(const std::string& name) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    if (!name.empty()) ::setenv("TZ", (":" + name).c_str(), 1);
    ::tzset();
  }
  ~ZoneInUse() {
    if (before_)
      ::setenv("TZ", before_->c_str(), 1);
    else
      ::unsetenv("TZ");
    ::tzset();
  }
  ZoneInUse(const ZoneInUse&) = delete;
  ZoneInUse& operator=(const ZoneInUse&) = delete;

 private:
  std::optional<std::string> before_;
};

std::string machine_zone() {
  if (const char* name = std::getenv("TZ"); name != nullptr && *name != '\0') return *name == ':' ? name + 1 : name;
  std::error_code none;
  const auto link = fs::read_symlink("/etc/localtime", none).string();
  const auto at = link.find("zoneinfo/");
  return at == std::string::npos ? "local time" : link.substr(at + 9);
}

// The C library takes a name that it doesn't know for UTC.
Result<LocalTime> zone_named(const std::string& name) {
  if (name.empty()) return LocalTime{machine_zone(), machine_offset};
  if (name == "UTC") return LocalTime{};
  std::error_code none;
  if (name.find("..") != std::string::npos || name[0] == '/' || !fs::is_regular_file(zone_folder + name, none)) {
    return user_error(fmt::format("`{}` is no time zone of this machine", name),
                      "write one like Europe/Berlin or UTC; they come with the package tzdata");
  }
  return LocalTime{name, machine_offset};
}

bool ends_with_any(const std::string& name, std::initializer_list<const char*> ends) {
  return std::any_of(ends.begin(), ends.end(), [&name](const char* end) { return name.ends_with(end); });
}

// A folder's rule files: beside them there may be tests and other YAML.
Result<std::vector<std::string>> files_of(const std::string& path) {
  std::error_code wrong;
  if (!fs::is_directory(path, wrong)) return std::vector<std::string>{path};
  std::vector<std::string> marked, other;
  for (fs::directory_iterator at(path, wrong), end; !wrong && at != end; at.increment(wrong)) {
    const auto name = at->path().string();
    if (ends_with_any(name, {".rules.yml", ".rules.yaml", ".rules"}))
      marked.push_back(name);
    else if (ends_with_any(name, {".yml", ".yaml"}))
      other.push_back(name);
  }
  if (wrong) return user_error(fmt::format("{} can't be read: {}", path, wrong.message()));
  auto& files = marked.empty() ? other : marked;
  std::sort(files.begin(), files.end());
  if (files.empty()) return user_error(path + " holds no .yml or .rules file", "name the rule files");
  return files;
}

Result<std::vector<ExpectedRule>> rules_of(const std::vector<std::string>& paths) {
  std::vector<ExpectedRule> all;
  for (const auto& path : paths) {
    auto files = files_of(path);
    if (!files) return files.error();
    for (const auto& file : *files) {
      auto rules = read_rules_at(file);
      if (!rules) return user_error(rules.error().message, rules.error().advice);
      all.insert(all.end(), rules->begin(), rules->end());
    }
  }
  if (std::any_of(all.begin(), all.end(), [](const ExpectedRule& rule) { return rule.alerting && in_scope(rule); }))
    return all;
  return user_error("there is no alerting rule to compute", "name files with `alert:` rules");
}

Result<double> seconds_in(const std::string& text, const char* option) {
  auto seconds = read_duration(text);
  if (seconds && *seconds >= 0.001 && *seconds <= 86'400) return *seconds;
  return user_error(fmt::format("{}: `{}` is no duration from 1ms to 1d", option, text), "write one like 30s or 1m");
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
  auto rules = rules_of(query.rules);
  if (!rules) return rules.error();
  order.rules = std::move(*rules);
  return order;
}

Task<void> keep_outcome(Task<Result<BacktestOutcome>> task, std::optional<Result<BacktestOutcome>>& outcome) {
  outcome.emplace(co_await std::move(task));
}

Result<BacktestOutcome> run_backtest(BacktestOrder order, const std::vector<ServerConfig>& servers) {
  boost::asio::io_context loop;
  BlockingPool pool{1};
  HttpCurl exchange{pool};
  HttpAccess http{exchange, pool, access_of(servers)};
  Stop stop;
  std::optional<Result<BacktestOutcome>> outcome;
  std::exception_ptr thrown;
  spawn(loop.get_executor(), keep_outcome(backtest(http, std::move(order), stop), outcome),
        [&thrown](std::exception_ptr e) { thrown = e; });
  loop.run();
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*outcome);
}

// Rule names, labels and a server's words are others' text.
std::string harmless(const std::string& text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    result += printable(std::string_view(text).substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return result;
}

int verdict_on(const CliParts& parts, const BacktestOutcome& outcome, const BacktestQuery& query,
               const LocalTime& zone) {
  const auto doubts = doubts_about(outcome);
  const auto pages = pages_of(outcome, zone).most;
  if (query.at_most >= 0 && pages > static_cast<std::size_t>(query.at_most)) {
    parts.err(fmt::format("quietgate: {} pages are more than {}\n", pages, query.at_most));
    return exit_failed;
  }
  const bool failed = std::any_of(outcome.rules.begin(), outcome.rules.end(),
                                  [](const RuleOutcome& rule) { return !rule.problem.empty(); });
  if (query.at_most < 0) return failed ? exit_inconclusive : exit_ok;
  for (const auto& doubt : doubts) parts.err("quietgate: not proved: " + printable(doubt) + "\n");
  return doubts.empty() ? exit_ok : exit_inconclusive;
}

}  // namespace

int backtest_rules(const CliParts& parts, const CliCommon& common, const BacktestQuery& query) {
  auto zone = zone_named(query.time_zone);
  if (!zone) {
    print_error(parts, zone.error(), common.json);
    return exit_usage;
  }
  const ZoneInUse in_use(query.time_zone);
  auto order = order_of(query, *zone);
  if (!order) {
    print_error(parts, order.error(), common.json);
    return exit_usage;
  }
  std::vector<ServerConfig> servers;
  if (!query.config.empty()) {
    auto config = load_config(query.config);
    if (!config) {
      print_error(parts, config.error(), common.json);
      return exit_usage;
    }
    servers = std::move(config->servers);
  }
  const bool live = !common.json && ::isatty(STDERR_FILENO) == 1;
  std::size_t done = 0;
  if (live) {
    order->progress = [&](const std::string& name) {
      parts.err(fmt::format("\r\x1b[Kcomputing alert {}: {}", ++done, printable(name)));
    };
  }
  auto outcome = run_backtest(std::move(*order), servers);
  if (live) parts.err("\r\x1b[K");
  if (!outcome) {
    print_error(parts, outcome.error(), common.json);
    return outcome.error().kind == ErrorKind::user ? exit_usage : exit_inconclusive;
  }
  parts.out(common.json ? backtest_json(*outcome, *zone) : harmless(backtest_text(*outcome, *zone)));
  return verdict_on(parts, *outcome, query, *zone);
}

}  // namespace quietgate
