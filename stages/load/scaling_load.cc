#include "stages/load/scaling_load.h"

#include <fmt/format.h>

#include <cmath>

#include "stages/attempt/expectation.h"
#include "stages/load/load_bounds.h"

namespace quietgate {

namespace {

constexpr double same_rate = 1e-6;

Check per_replica_check(const ScalingLoad& load, double least) {
  const auto wanted = fmt::format(">= {:g}", least);
  const double share = load.rate_after / load.rate_before;
  if (!std::isfinite(share)) {
    return inconclusive_check("per replica", wanted,
                              "the throughput of a replica needs whole seconds of load before the first new replica "
                              "and after the last");
  }
  const bool holds = share >= least - same_rate;
  auto sentence = fmt::format("{} for each replica after scaling, {} before: {:.0f} % {} {:.0f} %",
                              format_quantity(load.rate_after, Unit::requests_per_second),
                              format_quantity(load.rate_before, Unit::requests_per_second), 100 * share,
                              holds ? ">=" : "<", 100 * least);
  const auto observed = fmt::format("{:.2f}", share);
  return holds ? passed_check("per replica", wanted, observed, std::move(sentence))
               : failed_check("per replica", wanted, observed, std::move(sentence));
}

}  // namespace

std::vector<Check> judge_scaling_load(const ScalingLoad& load, const AutoscalingExpectation& expect) {
  const std::string failures = "failure ratio while scaling", p95 = "p95 while scaling";
  const auto basis = fmt::format("({} requests)", format_count(load.requests));
  const auto no_requests = [&](const std::string& name) -> std::string {
    if (!load.unknown.empty()) return fmt::format("{}: not known from when on: {}", name, load.unknown);
    return load.requests == 0 ? name + ": no requests were sent while replicas came" : std::string();
  };
  std::vector<Check> checks;
  if (expect.failure_ratio) {
    const auto why_not = no_requests(failures);
    checks.push_back(why_not.empty()
                         ? judge_failures(failures, load.failures, load.requests, *expect.failure_ratio, basis)
                         : inconclusive_check(failures, expect.failure_ratio->text, why_not));
  }
  if (expect.p95) {
    const auto why_not = no_requests(p95);
    checks.push_back(why_not.empty() ? judge_percentile(p95, 0.95, load.times, *expect.p95, basis, "")
                                     : inconclusive_check(p95, expect.p95->text, why_not));
  }
  if (expect.per_replica) checks.push_back(per_replica_check(load, *expect.per_replica));
  return checks;
}

}  // namespace quietgate
