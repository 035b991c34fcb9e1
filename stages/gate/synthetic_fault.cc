#include "stages/gate/synthetic_fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runner/model/expression.h"
#include "runner/model/stage_templates.h"
#include "stages/gate/proofs_alerting.h"
#include "stages/prometheus/prometheus.h"

namespace quietgate {

namespace {

constexpr Milliseconds fault_patience{3'000};
constexpr Milliseconds look_every{200};
constexpr double slack = 5;  // seconds

// Holds the run's fault up as long as it lives.
class Raised {
 public:
  Raised(SyntheticFaults& faults, RunId run) : faults_(faults), run_(std::move(run)) { faults_.raise(run_); }
  ~Raised() { faults_.lower(run_); }
  Raised(const Raised&) = delete;
  Raised& operator=(const Raised&) = delete;

 private:
  SyntheticFaults& faults_;
  RunId run_;
};

// Whether the time that a gate over these stages is about begins when this stage begins.
bool begins_with(const Plan& plan, const std::vector<std::string>& during, const StageSpec& stage) {
  bool named = false;
  bool loaded = false;
  for (const auto& name : during) {
    const auto* spec = plan.find(name);
    const auto other = spec == nullptr ? std::string() : spec->body.relations().window_of;
    named = named || name == stage.name || other == stage.name;
    loaded = loaded || (spec != nullptr && traits_of(*spec).loads) || !other.empty();
  }
  const auto& own = stage.body.relations();
  return named && own.window_of.empty() && !(own.window_before && loaded);
}

// The servers of the gates that judge this stage's time by rules that hear the fault.
std::set<std::string> servers_that_hear(const StageRequest& request, CommittedRules& committed) {
  std::set<std::string> urls;
  const auto& state = *request.run_state;
  if (!state.plan) return urls;
  const auto value = [&state](const std::string& name) { return stage_value(state, name); };
  for (const auto& spec : state.plan->stages) {
    const auto* gate = gate_over_windows(spec);
    if (gate == nullptr || gate->waivers.contains("P10")) continue;
    if (!begins_with(*state.plan, gate->during, request.spec)) continue;
    std::vector<std::string> globs;
    for (const auto& glob : gate->rules) {
      if (auto known = resolve(glob, value)) globs.push_back(*known);
    }
    const auto mentioned = committed.mention(request.committed(), globs, synthetic_fault_alert);
    if (!mentioned || !*mentioned) continue;
    const auto rules = committed.read(request.committed(), globs);
    const auto url = resolve(gate->prometheus, value);
    if (!rules || !url || synthetic_of(*rules) == nullptr) continue;
    urls.insert(*url);
  }
  return urls;
}

bool fires_for(const std::vector<LoadedRule>& rules, const RunId& run) {
  for (const auto& rule : rules) {
    if (!rule.alerting || rule.name != synthetic_fault_alert) continue;
    for (const auto& alert : rule.alerts) {
      if (alert.state == "firing" && is_of_run(alert.labels, run)) return true;
    }
  }
  return false;
}

// How long an evaluation may take to hear of a change, in milliseconds: a scrape, two evaluations, `for`, and slack.
Task<Milliseconds> longest_hearing(Prometheus& prometheus, Stop& stop) {
  double seconds = slack;
  auto rules = co_await prometheus.rules(stop);
  if (rules) {
    for (const auto& rule : *rules) {
      if (rule.alerting && rule.name == synthetic_fault_alert)
        seconds = std::max(seconds, slack + 2 * rule.interval + rule.duration);
    }
  }
  auto targets = co_await prometheus.targets(stop);
  double scrape = 0;
  if (targets) {
    for (const auto& target : *targets) scrape = std::max(scrape, target.scrape_interval);
  }
  co_return Milliseconds(static_cast<std::int64_t>((seconds + scrape) * 1000));
}

}  // namespace

Task<void> SyntheticFaultStage::prove_way(const StageRequest& request, std::string url) {
  Prometheus prometheus(http_, std::move(url), fault_patience);
  const auto limit = co_await longest_hearing(prometheus, *request.stop);
  auto up = std::make_optional<Raised>(faults_, request.run);
  for (const bool wanted : {true, false}) {
    const auto from = clock_.now();
    for (;;) {
      auto rules = co_await prometheus.rules(*request.stop);
      const auto since = clock_.now() - from;
      if (rules && fires_for(*rules, request.run) == wanted) {
        request.log->line(fmt::format("{} {} {:.1f} s after the synthetic fault was {}", synthetic_fault_alert,
                                      wanted ? "fires" : "is over", static_cast<double>(since.count()) / 1000,
                                      wanted ? "raised" : "lowered"));
        break;
      }
      if (since > limit) {
        request.log->line(fmt::format("{} {} within {} of the synthetic fault on {}: the gate will be blind (P10)",
                                      synthetic_fault_alert, wanted ? "does not fire" : "is not over",
                                      human_duration(limit), prometheus.url()));
        co_return;
      }
      co_await clock_.sleep(look_every, *request.stop);
    }
    up.reset();
  }
}

Task<StageOutcome> SyntheticFaultStage::run(StageRequest request) {
  if (!request.resume) {
    CommittedRules own;
    const auto urls = servers_that_hear(request, committed_ == nullptr ? own : *committed_);
    for (const auto& url : urls) {
      if (!faults_.shown()) {
        request.log->line(std::string(synthetic_fault_alert) +
                          " can't fire: only `quietgate serve` has a metrics endpoint; the gate will be blind (P10)");
        break;
      }
      std::string server = url;
      co_await prove_way(request, std::move(server));
    }
    // Its window lies in the past when it begins.
    const auto& window = request.spec.body.relations().window;
    if (!urls.empty() && faults_.shown() && request.spec.body.relations().window_before && window)
      co_await clock_.sleep(*window, *request.stop);
  }
  co_return co_await inner_.run(std::move(request));
}

}  // namespace quietgate
