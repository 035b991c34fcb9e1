#include "stages/load_baseline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "stages/expectation.h"
#include "stages/statistics.h"

namespace quietgate {

namespace {

constexpr std::size_t least_loads = 5;
constexpr std::size_t most_runs = 5;
constexpr std::size_t runs_looked_at = 25;
constexpr std::size_t rows_at_once = 1'000;
constexpr std::size_t most_values = 30;  // a side: the exact test's work grows with their fourth power
constexpr double significant = 0.05;
constexpr double least_ratio_shift = 0.001;  // of failures, when there were none before

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

Check judge_measure(const LoadBaseline& spec, const std::string& measure, const std::vector<double>& base,
                    const std::vector<double>& candidates, const std::string& others) {
  const auto name = shown_name(measure) + " against " + others;
  const auto unit = unit_of(measure);
  const auto wanted = fmt::format("at most {:g} % worse", 100 * spec.margin);
  if (base.size() < least_loads || candidates.size() < least_loads) {
    return passed_check(name, wanted, "not enough data",
                        fmt::format("{}: not enough data: {} loads against {}, at least {} a side are needed; the "
                                    "absolute bounds decide",
                                    name, candidates.size(), base.size(), least_loads));
  }
  // Less is worse for a rate only.
  const double sign = measure == "requests_per_second" ? -1 : 1;
  const auto shift = compare(newest(base, sign), newest(candidates, sign));
  const double before = std::fabs(shift.base);
  const double least = before > 0 ? spec.margin * before : (unit == Unit::ratio ? least_ratio_shift : 0);
  const auto share = before > 0 ? fmt::format(" ({:+.1f} %)", 100 * sign * shift.estimate / before) : std::string();
  const auto numbers =
      fmt::format("median {} against {}, shift {}{}{}, p {:.4f}, {} loads against {}",
                  format_quantity(median(candidates), unit), format_quantity(median(base), unit),
                  sign * shift.estimate > 0 ? "+" : "", format_quantity(sign * shift.estimate, unit), share, shift.p,
                  std::min(candidates.size(), most_values), std::min(base.size(), most_values));
  const auto observed = format_quantity(sign * shift.estimate, unit) + share;
  if (shift.p > significant || shift.estimate <= 0) {
    return passed_check(name, wanted, observed, fmt::format("{}: no regression: {}", name, numbers));
  }
  if (shift.estimate > least) {
    return failed_check(name, wanted, observed, fmt::format("{} got worse: {}", name, numbers));
  }
  return passed_check(
      name, wanted, observed,
      fmt::format("WARNING: {} got worse, within the margin of {:g} %: {}", name, 100 * spec.margin, numbers));
}

// What a load's numbers depend on, but for the code under load.
bool same_course(const LoadSpec& a, const LoadSpec& b) {
  return a.locustfile == b.locustfile && a.k6 == b.k6 && a.command == b.command && a.users == b.users &&
         a.spawn_rate == b.spawn_rate && a.duration == b.duration && a.warm_up == b.warm_up && a.phases == b.phases &&
         a.workers.count == b.workers.count;
}

struct Found {
  std::string pipeline;
  std::optional<LoadSpec> spec;
  LoadMeasures measured;
};

void take(const Row& row, const std::string& stage, Found& found) {
  if (const auto* compiled = std::get_if<PlanCompiled>(&row.event)) {
    found.pipeline = compiled->plan.name;
    const auto* spec = compiled->plan.find(stage);
    if (spec != nullptr && std::holds_alternative<LoadSpec>(spec->body)) found.spec = std::get<LoadSpec>(spec->body);
  }
  const auto* finished = std::get_if<StageFinished>(&row.event);
  if (finished == nullptr || finished->stage != stage) return;
  found.measured = finished->outcome.outcome == Outcome::passed ? finished->outcome.measured : LoadMeasures();
}

Result<Found> look_up(Journal& journal, const RunId& run, const std::string& stage) {
  Found found;
  for (std::int64_t after = 0;;) {
    auto rows = journal.read(after, rows_at_once, run);
    if (!rows) return rows.error();
    for (const auto& row : *rows) take(row, stage, found);
    if (rows->size() < rows_at_once) return found;
    after = rows->back().sequence;
  }
}

}  // namespace

std::vector<Check> judge_baseline(const LoadBaseline& spec, const LoadMeasures& base, const LoadMeasures& candidates,
                                  const std::string& others) {
  std::vector<Check> checks;
  for (const auto& measure : spec.measures) {
    checks.push_back(judge_measure(spec, measure, values_of(base, measure), values_of(candidates, measure), others));
  }
  return checks;
}

Result<LoadMeasures> promoted_loads(Catalog& catalog, const StageRequest& request) {
  Found own;
  for (const auto& row : *request.history) take(row, request.spec.name, own);
  auto runs = catalog.promoted_runs(request.run.repository, runs_looked_at);
  if (!runs) return runs.error();
  std::vector<LoadMeasures> newest_first;
  for (const auto& run : *runs) {
    if (run == request.run || newest_first.size() == most_runs) continue;
    auto found = look_up(*request.journal, run, request.spec.name);
    if (!found) return found.error();
    if (found->measured.empty() || !found->spec || !own.spec || found->pipeline != own.pipeline) continue;
    if (same_course(*found->spec, *own.spec)) newest_first.push_back(std::move(found->measured));
  }
  LoadMeasures all;
  for (auto loads = newest_first.rbegin(); loads != newest_first.rend(); ++loads) {
    for (const auto& [name, values] : *loads) all[name].insert(all[name].end(), values.begin(), values.end());
  }
  return all;
}

}  // namespace quietgate
