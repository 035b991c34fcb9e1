#include "stages/gate/rule_watch.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <set>

#include "runner/model/expression.h"
#include "runner/model/stage_templates.h"
#include "runner/model/state.h"
#include "stages/gate/observed_evaluations.h"
#include "stages/prometheus/rules_file.h"

namespace quietgate {

namespace {

constexpr Milliseconds watch_patience{3'000};
constexpr Milliseconds after_a_problem{1'000};

// The stages that this one waits for, over however many between.
std::set<std::string> waited_for(const Plan& plan, const StageSpec& stage) {
  std::set<std::string> all(stage.needs.begin(), stage.needs.end());
  for (auto spec = plan.stages.rbegin(); spec != plan.stages.rend(); ++spec) {
    if (all.contains(spec->name)) all.insert(spec->needs.begin(), spec->needs.end());
  }
  return all;
}

}  // namespace

Task<void> watch_rules(Http& http, Clock& clock, std::string url, std::string attempt_directory, RulesSeen seen,
                       WatchedRules& watched, Stop& stop) {
  Prometheus prometheus(http, url, watch_patience);
  GroupEvaluations newest;
  for (;;) {
    const auto asked = clock.now();
    auto rules = co_await prometheus.rules(stop);
    auto pause = after_a_problem;
    if (seen) seen(rules);
    if (rules) {
      const auto before = newest;
      if (add_evaluations(*rules, newest)) append_evaluations(attempt_directory, prometheus.url(), before, newest);
      for (auto& [key, group] : newest) {
        if (group.evaluated.size() > 1) group.evaluated.erase(group.evaluated.begin(), group.evaluated.end() - 1);
        group.unhealthy.clear();
      }
      pause = poll_interval(*rules);
      watched.add(url, asked, std::make_shared<const std::vector<LoadedRule>>(std::move(*rules)));
    }
    co_await clock.sleep(pause, stop);
  }
}

namespace {

class FirstAlert final : public AlertFeed {
 public:
  void heard(const std::string& sentence) {
    if (sentence_.empty()) sentence_ = sentence;
  }
  std::string fired() const override { return sentence_; }

 private:
  std::string sentence_;
};

std::set<std::string> servers_of_later_gates(const StageRequest& request) {
  std::set<std::string> urls;
  const auto& state = *request.run_state;
  if (!state.plan) return urls;
  for (const auto& spec : state.plan->stages) {
    const auto* gate = gate_over_windows(spec);
    if (gate == nullptr || !waited_for(*state.plan, spec).contains(request.spec.name)) continue;
    const auto url = resolve(gate->prometheus, [&state](const std::string& name) { return stage_value(state, name); });
    if (url) urls.insert(*url);
  }
  return urls;
}

}  // namespace

ServersToWatch servers_to_watch(const StageRequest& request) {
  ServersToWatch servers{servers_of_later_gates(request), {}};
  const auto* own = gate_over_windows(request.spec);
  if (own != nullptr && !servers.later.contains(own->prometheus)) servers.own = own->prometheus;
  return servers;
}

std::map<std::string, Alarm> alarms_of(const StageRequest& request, CommittedRules& committed) {
  std::map<std::string, Alarm> all;
  if (!traits_of(request.spec).loads) return all;
  const auto& state = *request.run_state;
  if (!state.plan) return all;
  const auto value = [&state](const std::string& name) { return stage_value(state, name); };
  std::map<std::string, std::set<std::string>> alerts;
  for (const auto& spec : state.plan->stages) {
    const auto* gate = gate_over_windows(spec);
    if (gate == nullptr || gate->on_alert != OnAlert::end_load) continue;
    const auto& during = gate->during;
    if (std::find(during.begin(), during.end(), request.spec.name) == during.end()) continue;
    const auto url = resolve(gate->prometheus, value);
    std::vector<std::string> globs;
    for (const auto& glob : gate->rules) {
      if (auto known = resolve(glob, value)) globs.push_back(*known);
    }
    const auto rules = committed.read(request.committed(), globs);
    if (!url || !rules) continue;
    for (const auto& rule : *rules) {
      if (in_scope(rule)) alerts[*url].insert(rule.name);
    }
  }
  const auto own = state.stages.find(request.spec.name);
  const auto begun = own == state.stages.end() ? Time{} : own->second.attempt_started;
  for (auto& [url, names] : alerts) {
    const double seconds = static_cast<double>(begun.time_since_epoch().count()) / 1000;
    all.emplace(url, Alarm(std::move(names), seconds, request.resume));
  }
  return all;
}

Task<StageOutcome> WatchedStage::run(StageRequest request) {
  const auto servers = servers_to_watch(request);
  if (servers.later.empty() && !servers.own) co_return co_await inner_.run(std::move(request));
  CommittedRules own;
  auto alarms = alarms_of(request, committed_ == nullptr ? own : *committed_);
  FirstAlert alert;
  request.alerts = &alert;
  const auto executor = co_await boost::asio::this_coro::executor;
  Stop over;
  Stop never;
  WatchedRules watched(over);
  Bell bell(executor);
  std::size_t left = servers.later.size() + (servers.own ? 1 : 0);
  const auto done = [&left, &bell](std::exception_ptr) {
    --left;
    bell.ring();
  };
  if (servers.own)
    spawn(executor, watch_rules(http_, clock_, *servers.own, request.directory, {}, watched, watched.gate_stop()),
          done);
  for (const auto& url : servers.later) {
    RulesSeen seen;
    if (auto found = alarms.find(url); found != alarms.end()) {
      seen = [&alert, &watch = found->second, log = request.log,
              told = std::string()](const Result<std::vector<LoadedRule>>& rules) mutable {
        if (!rules) {
          if (told != rules.error().message) log->line("the alerts can't be watched: " + rules.error().message);
          told = rules.error().message;
          return;
        }
        const auto sentence = watch.newly_firing(*rules);
        if (sentence) alert.heard(*sentence);
      };
    }
    spawn(executor, watch_rules(http_, clock_, url, request.directory, std::move(seen), watched, over), done);
  }
  std::optional<StageOutcome> outcome;
  std::exception_ptr thrown;
  try {
    if (gated_ != nullptr) {
      outcome.emplace(co_await gated_->run_watched(std::move(request), watched));
    } else {
      outcome.emplace(co_await inner_.run(std::move(request)));
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  over.request(StopReason::cancel, "the stage has ended");
  while (left > 0) {
    const auto seen = bell.rings();
    co_await bell.wait(seen, never);
  }
  if (thrown) std::rethrow_exception(thrown);
  co_return std::move(*outcome);
}

}  // namespace quietgate
