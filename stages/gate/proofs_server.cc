#include "stages/gate/proofs_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stages/gate/proof_text.h"

namespace quietgate {

namespace {

constexpr double longest_skew = 2;  // seconds, besides half the round trip

std::string target_name(const ScrapeTarget& target) {
  return target.job + " " + target.instance;
}

// The lowest value of `up` of this target within the window, or nothing when there is none.
std::optional<double> lowest_up(const std::vector<Series>& all, const ScrapeTarget& target) {
  std::optional<double> lowest;
  for (const auto& series : all) {
    auto job = series.labels.find("job");
    auto instance = series.labels.find("instance");
    if (job == series.labels.end() || instance == series.labels.end() || job->second != target.job ||
        instance->second != target.instance || series.samples.empty())
      continue;
    const double value = series.samples.back().value;
    lowest = lowest ? std::min(*lowest, value) : value;
  }
  return lowest;
}

std::string target_problem(const GateEvidence& evidence, const ScrapeTarget& target) {
  if (target.health != "up") {
    return fmt::format("target {} is {}{}", target_name(target), target.health,
                       target.last_error.empty() ? "" : ": " + target.last_error);
  }
  const double interval = target.scrape_interval > 0 ? target.scrape_interval : longest_interval(evidence);
  if (target.last_scrape < evidence.end - 2 * interval) {
    return fmt::format("target {} was last scraped {} before the window ended", target_name(target),
                       span_text(evidence.end - target.last_scrape));
  }
  const auto lowest = lowest_up(*evidence.lowest_up, target);
  if (!lowest) return fmt::format("target {} has no sample of `up` in the window", target_name(target));
  if (*lowest != 1) return fmt::format("target {} was down within the window", target_name(target));
  return {};
}

}  // namespace

Finding prove_server(const GateEvidence& evidence) {
  const std::string name = "server ready, not restarted";
  std::vector<std::string> problems;
  for (const auto* look : {&evidence.before, &evidence.after}) {
    if (!look->ready) {
      problems.push_back(look->ready.error().message);
    } else if (!*look->ready) {
      problems.push_back("Prometheus is not ready");
    } else if (!look->runtime) {
      problems.push_back(look->runtime.error().message);
    }
    if (!problems.empty()) return conclude("P1", name, std::move(problems), {});
  }
  const auto& before = *evidence.before.runtime;
  const auto& after = *evidence.after.runtime;
  if (before.start_time != after.start_time) {
    problems.push_back(fmt::format("Prometheus restarted at {}, during the judgement", clock_time(after.start_time)));
  } else if (after.start_time >= evidence.begin) {
    problems.push_back(fmt::format("Prometheus restarted at {}, after the window began at {}",
                                   clock_time(after.start_time), clock_time(evidence.begin)));
  }
  if (!evidence.other_starts.empty()) {
    problems.push_back(fmt::format(
        "more than one Prometheus answers at this address, started at {} and at {}: name one of them in the gate",
        clock_time(before.start_time), clock_time(evidence.other_starts.front())));
  }
  if (!after.reload_config_success) {
    problems.push_back("Prometheus could not load its configuration and goes on with an older one");
  }
  if (before.last_config_time != after.last_config_time || after.last_config_time > evidence.begin) {
    problems.push_back(fmt::format("Prometheus loaded its configuration at {}, after the window began at {}",
                                   clock_time(after.last_config_time), clock_time(evidence.begin)));
  }
  return conclude("P1", name, std::move(problems),
                  fmt::format("up since {}, configuration loaded {} before the window", clock_time(after.start_time),
                              span_text(evidence.begin - after.last_config_time)));
}

Finding prove_clocks(const GateEvidence& evidence) {
  std::vector<std::string> problems;
  std::string detail;
  if (!evidence.clocks) {
    problems.push_back(evidence.clocks.error().message);
  } else {
    const auto& clocks = *evidence.clocks;
    const double allowed = longest_skew + clocks.round_trip / 2;
    detail = fmt::format("{:.2f} s apart", std::abs(clocks.skew));
    if (!(std::abs(clocks.skew) <= allowed)) {
      problems.push_back(fmt::format("the clock of Prometheus is {:.1f} s {} the runner's, more than {:.1f} s",
                                     std::abs(clocks.skew), clocks.skew > 0 ? "ahead of" : "behind", allowed));
    }
  }
  return conclude("P2", "clocks agree", std::move(problems), std::move(detail));
}

Finding prove_targets(const GateEvidence& evidence) {
  std::vector<std::string> problems;
  std::string detail;
  if (!evidence.targets) {
    problems.push_back(evidence.targets.error().message);
  } else if (!evidence.lowest_up) {
    problems.push_back(evidence.lowest_up.error().message);
  } else if (evidence.targets->empty()) {
    problems.emplace_back("Prometheus scrapes no target");
  } else {
    for (const auto& target : *evidence.targets) {
      if (auto problem = target_problem(evidence, target); !problem.empty()) problems.push_back(std::move(problem));
    }
    detail = fmt::format("{} {} up for {}", evidence.targets->size(),
                         evidence.targets->size() == 1 ? "target" : "targets", span_text(evidence.length()));
  }
  return conclude("P7", "targets up", std::move(problems), std::move(detail));
}

}  // namespace quietgate
