#include "stages/load/load_baseline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "runner/ports/folded_run.h"
#include "stages/attempt/expectation.h"
#include "stages/load/statistics.h"

namespace quietgate {

namespace {

constexpr std::size_t least_loads = 5;
constexpr std::size_t least_runs = 5;
constexpr std::size_t most_runs = 5;
constexpr std::size_t runs_looked_at = 25;
constexpr std::size_t most_values = 30;  // a side: the exact test's work grows with their fourth power
constexpr double significant = 0.05;
constexpr double least_ratio_shift = 0.001;  // of failures, however few there were before

Unit unit_of(const std::string& measure) {
  if (measure == "failure_ratio") return Unit::ratio;
  return measure == "requests_per_second" ? Unit::requests_per_second : Unit::milliseconds;
}

std::string shown_name(const std::string& measure) {
  if (measure == "failure_ratio") return "failure ratio";
  return measure == "requests_per_second" ? "rate" : measure;
}

const std::vector<double>& values_of(const LoadMeasures& measures, const std::string& name) {
  static const std::vector<double> none;
  const auto found = measures.find(name);
  return found == measures.end() ? none : found->second;
}

std::vector<double> newest(const std::vector<double>& values, double sign) {
  std::vector<double> chosen;
  for (auto value = values.rbegin(); value != values.rend() && chosen.size() < most_values; ++value) {
    chosen.push_back(sign * *value);
  }
  return chosen;
}

// As many digits as tell a rare failure from none.
std::string shown(double value, Unit unit) {
  if (unit != Unit::ratio || value == 0) return format_quantity(value, unit);
  const int first = -static_cast<int>(std::floor(std::log10(std::fabs(value))));
  return fmt::format("{:.{}f}", value, std::clamp(first + 1, 3, 9));
}

std::string shown_shift(double value, Unit unit) {
  return (value > 0 ? "+" : "") + shown(value, unit);
}

std::string shown_p(const char* name, double p) {
  return p < 0.0001 ? fmt::format("{} < 0.0001", name) : fmt::format("{} {:.4f}", name, p);
}

// A measure on both sides. Larger is worse: what is worse when it is less has its sign changed.
struct Compared {
  std::string measure;
  double sign = 1;
  std::vector<double> base;  // of all runs, the newest
  std::vector<double> run_medians;
  std::vector<double> candidates;
  Shift shift;
  double q = 1;

  bool enough() const { return base.size() >= least_loads && candidates.size() >= least_loads; }
};

Compared compared(const std::string& measure, const LoadBase& base, const LoadMeasures& candidates) {
  Compared both;
  both.measure = measure;
  both.sign = measure == "requests_per_second" ? -1 : 1;
  std::vector<double> all;
  for (const auto& run : base.runs) {
    const auto& values = values_of(run, measure);
    if (values.empty()) continue;
    all.insert(all.end(), values.begin(), values.end());
    both.run_medians.push_back(both.sign * median(values));
  }
  both.base = newest(all, both.sign);
  both.candidates = newest(values_of(candidates, measure), both.sign);
  if (both.enough()) both.shift = compare(both.base, both.candidates);
  return both;
}

// What may come on top of this value and be no regression.
double tolerated(double value, const LoadBaseline& spec, Unit unit) {
  return std::max(spec.margin * std::fabs(value), unit == Unit::ratio ? least_ratio_shift : 0.0);
}

std::string numbers_of(const Compared& both, std::size_t tested) {
  const auto unit = unit_of(both.measure);
  const double shift = both.sign * both.shift.estimate, before = std::fabs(both.shift.base);
  return fmt::format("median {} against {}, shift {}{}, {}{}, {} loads against {}",
                     shown(both.sign * median(both.candidates), unit), shown(both.sign * both.shift.base, unit),
                     shown_shift(shift, unit), before > 0 ? fmt::format(" ({:+.1f} %)", 100 * shift / before) : "",
                     shown_p("p", both.shift.p),
                     tested > 1 ? fmt::format(" ({} of {} measures)", shown_p("q", both.q), tested) : "",
                     both.candidates.size(), both.base.size());
}

// Why a worsening beyond the margin may be no more than what runs differ by; empty: it is more.
std::string excuse_for(const Compared& both, const LoadBaseline& spec, const LoadBase& base) {
  if (base.alternating) return {};
  const auto unit = unit_of(both.measure);
  if (both.run_medians.size() < least_runs) {
    return fmt::format("{} promoted run{} can't tell a regression from the usual difference between runs; {} can",
                       both.run_medians.size(), both.run_medians.size() == 1 ? "" : "s", least_runs);
  }
  const double worst = *std::max_element(both.run_medians.begin(), both.run_medians.end());
  if (median(both.candidates) > worst + tolerated(worst, spec, unit)) return {};
  return fmt::format("no more than the margin beyond the worst of {} promoted runs, whose median was {}",
                     both.run_medians.size(), shown(both.sign * worst, unit));
}

Check too_few(const Compared& both, const std::string& name, const std::string& wanted,
              const std::map<std::string, std::string>& lacking) {
  const auto reason = lacking.find(both.measure);
  if (reason != lacking.end() && both.base.size() >= least_loads) {
    return inconclusive_check(name, wanted, fmt::format("{}: cannot be compared: {}", name, reason->second));
  }
  return passed_check(name, wanted, "not enough data",
                      fmt::format("{}: not enough data: {} loads against {}, at least {} on each side are needed; "
                                  "the absolute bounds decide",
                                  name, both.candidates.size(), both.base.size(), least_loads));
}

Check judge_measure(const LoadBaseline& spec, const Compared& both, const LoadBase& base, std::size_t tested,
                    const std::map<std::string, std::string>& lacking) {
  const auto name = shown_name(both.measure) + " against " + base.name;
  const auto wanted = fmt::format("at most {:g} % worse", 100 * spec.margin);
  if (!both.enough()) return too_few(both, name, wanted, lacking);
  const auto unit = unit_of(both.measure);
  const auto numbers = numbers_of(both, tested);
  const auto observed = shown_shift(both.sign * both.shift.estimate, unit);
  const bool worse = both.q <= significant && both.shift.estimate > 0;
  const bool beyond = worse && both.shift.estimate > tolerated(both.shift.base, spec, unit);
  const auto excuse = beyond ? excuse_for(both, spec, base) : std::string();
  if (beyond && excuse.empty()) {
    return failed_check(name, wanted, observed, fmt::format("{} got worse: {}", name, numbers));
  }
  // The loads that lack the measure may be those that would tell.
  if (const auto reason = lacking.find(both.measure); reason != lacking.end()) {
    return inconclusive_check(name, wanted,
                              fmt::format("{}: not every load can be compared: {}", name, reason->second));
  }
  if (beyond) {
    return warning_check(name, wanted, observed, fmt::format("{} got worse, but {}: {}", name, excuse, numbers));
  }
  if (!worse) return passed_check(name, wanted, observed, fmt::format("{}: no regression: {}", name, numbers));
  return warning_check(name, wanted, observed,
                       fmt::format("{} got worse, within the margin of {:g} %{}: {}", name, 100 * spec.margin,
                                   unit == Unit::ratio ? fmt::format(" or {:g}", least_ratio_shift) : "", numbers));
}

// What a load's numbers depend on, but for the code under load.
bool same_course(const LoadSpec& a, const LoadSpec& b) {
  return a.locustfile == b.locustfile && a.k6 == b.k6 && a.command == b.command && a.users == b.users &&
         a.spawn_rate == b.spawn_rate && a.duration == b.duration && a.warm_up == b.warm_up && a.phases == b.phases &&
         a.workers.count == b.workers.count;
}

// The load that the run's plan has under this name; nothing: none.
std::optional<LoadSpec> load_in(const RunState& run, const std::string& stage) {
  const auto* spec = run.plan ? run.plan->find(stage) : nullptr;
  return spec == nullptr ? std::nullopt : load_of(spec->body);
}

}  // namespace

std::vector<Check> judge_baseline(const LoadBaseline& spec, const LoadBase& base, const LoadMeasures& candidates,
                                  const std::map<std::string, std::string>& lacking) {
  std::vector<Compared> all;
  std::vector<double> p;
  for (const auto& measure : spec.measures) {
    all.push_back(compared(measure, base, candidates));
    if (all.back().enough()) p.push_back(all.back().shift.p);
  }
  const auto q = adjusted(p);
  std::vector<Check> checks;
  auto next = q.begin();
  for (auto& both : all) {
    if (both.enough()) both.q = *next++;
    checks.push_back(judge_measure(spec, both, base, q.size(), lacking));
  }
  return checks;
}

Task<Result<std::vector<LoadMeasures>>> promoted_loads(Catalog& catalog, const StageRequest& request) {
  auto runs = co_await catalog.promoted_runs(request.run.repository, runs_looked_at);
  if (!runs) co_return runs.error();
  std::vector<LoadMeasures> newest_first;
  for (const auto& run : *runs) {
    if (run == request.run || newest_first.size() == most_runs) continue;
    const auto promoted = co_await fold_run(*request.journal, run);
    if (!promoted) co_return promoted.error();
    const auto own = load_in(*request.run_state, request.spec.name);
    const auto theirs = load_in(*promoted, request.spec.name);
    if (!own || !theirs || promoted->plan->name != request.run_state->plan->name) continue;
    const auto& outcome = promoted->stages.at(request.spec.name).outcome;
    if (outcome.outcome != Outcome::passed || outcome.measured.empty() || !same_course(*theirs, *own)) continue;
    newest_first.push_back(outcome.measured);
  }
  std::reverse(newest_first.begin(), newest_first.end());
  co_return newest_first;
}

}  // namespace quietgate
