#include "stages/gate/gate_server.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "runner/base/time.h"

namespace quietgate {

namespace {

constexpr Milliseconds answer_patience{10'000};
constexpr Milliseconds short_patience{3'000};

}  // namespace

GateServer::GateServer(Http& http, Clock& clock, std::string base_url, bool tells_readiness, Stop& stop)
    : clock_(clock),
      stop_(stop),
      tells_readiness_(tells_readiness),
      prometheus_(http, base_url, answer_patience),
      impatient_(http, base_url, short_patience) {}

template <class T>
Task<Result<T>> GateServer::ask(Task<Result<T>> question) {
  if (gone_) co_return *gone_;
  auto answer = co_await std::move(question);
  if (!answer) co_await check_presence();
  co_return answer;
}

Task<Result<double>> GateServer::now() {
  auto question = prometheus_.now(stop_);
  co_return co_await ask(std::move(question));
}

Task<Result<std::vector<LoadedRule>>> GateServer::rules() {
  auto question = prometheus_.rules(stop_);
  co_return co_await ask(std::move(question));
}

Task<Result<std::vector<ScrapeTarget>>> GateServer::targets() {
  auto question = prometheus_.targets(stop_);
  co_return co_await ask(std::move(question));
}

Task<Result<std::vector<Series>>> GateServer::query_at(std::string promql, double time) {
  auto question = prometheus_.query_at(std::move(promql), time, stop_);
  co_return co_await ask(std::move(question));
}

Task<Result<std::vector<Series>>> GateServer::query_range(std::string promql, double begin, double end, double step) {
  auto question = prometheus_.query_range(std::move(promql), begin, end, step, stop_);
  co_return co_await ask(std::move(question));
}

Task<Result<bool>> GateServer::describes(std::string metric) {
  auto question = prometheus_.describes(std::move(metric), stop_);
  co_return co_await ask(std::move(question));
}

Task<Result<std::string>> GateServer::format_query(std::string promql) {
  auto question = prometheus_.format_query(std::move(promql), stop_);
  co_return co_await ask(std::move(question));
}

Task<ServerStatus> GateServer::status() {
  ServerStatus status;
  if (gone_) {
    status.ready = *gone_;
    co_return status;
  }
  status.ready = co_await prometheus_.ready(stop_);
  if (!status.ready && tells_readiness_) {
    gone_ = status.ready.error();
    co_return status;
  }
  status.runtime = co_await prometheus_.runtime(stop_);
  co_return status;
}

Task<Result<ClockComparison>> GateServer::compare_clocks() {
  if (gone_) co_return *gone_;
  // The first exchange may open the connection, which would count as round trip.
  auto first = co_await prometheus_.now(stop_);
  if (!first) co_return first.error();
  const double sent = seconds_of(clock_.now());
  auto theirs = co_await prometheus_.now(stop_);
  const double received = seconds_of(clock_.now());
  if (!theirs) co_return theirs.error();
  ClockComparison clocks;
  clocks.skew = *theirs - (sent + received) / 2;
  clocks.round_trip = received - sent;
  co_return clocks;
}

Task<Result<RulesSnapshot>> GateServer::poll_rules() {
  auto rules = co_await impatient_.rules(stop_);
  if (!rules) co_return rules.error();
  co_return std::make_shared<const std::vector<LoadedRule>>(std::move(*rules));
}

Task<Result<RuntimeInformation>> GateServer::poll_runtime() {
  co_return co_await impatient_.runtime(stop_);
}

Task<Result<double>> GateServer::longest_scrape_interval() {
  auto targets = co_await prometheus_.targets(stop_);
  if (!targets) co_return targets.error();
  co_return longest_scrape_of(*targets);
}

Task<void> GateServer::check_presence() {
  if (!tells_readiness_) {
    auto now = co_await impatient_.now(stop_);
    if (!now) gone_ = now.error();
    co_return;
  }
  auto ready = co_await impatient_.ready(stop_);
  if (!ready) gone_ = ready.error();
}

double longest_scrape_of(const std::vector<ScrapeTarget>& targets) {
  double longest = 0;
  for (const auto& target : targets) longest = std::max(longest, target.scrape_interval);
  return longest;
}

}  // namespace quietgate
