#include "stages/fault/fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "runner/base/files.h"
#include "runner/base/plain_file.h"
#include "stages/attempt/measurements.h"
#include "stages/attempt/step.h"
#include "stages/fault/fault_spec.h"
#include "stages/prometheus/prometheus.h"

namespace quietgate {

namespace {

constexpr Milliseconds patience{3'000};
constexpr Milliseconds look_every{250};
constexpr const char* undo_within = "300";  // seconds: nothing else ends it but the runner's own end

std::string seconds_text(Milliseconds span) {
  return fmt::format("{:.1f} s", static_cast<double>(span.count()) / 1000);
}

// When this attempt broke something, kept for a runner that takes it up again.
std::string began_file(const StageRequest& request) {
  return request.directory + "/fault-began";
}

// From here on what was heard is known to this process only.
std::string ended_file(const StageRequest& request) {
  return request.directory + "/fault-ended";
}

std::optional<Time> time_in(const std::string& file) {
  auto text = read_file_bounded(file, 64);
  if (!text) return std::nullopt;
  const auto milliseconds = std::strtoll(text->c_str(), nullptr, 10);
  return milliseconds > 0 ? std::optional<Time>(Time{Milliseconds{milliseconds}}) : std::nullopt;
}

Result<void> keep_time(const std::string& file, Time time) {
  return write_file_durably(file, std::to_string(time.time_since_epoch().count()));
}

}  // namespace

struct FaultStage::Drill {
  Drill(Http& http, const FaultSpec& asked) : spec(asked), prometheus(http, asked.prometheus, patience) {}

  const FaultSpec& spec;
  Prometheus prometheus;
  StepName fault;
  Time began{};
  bool breaks = false;                        // something may be broken now
  std::map<std::string, Milliseconds> heard;  // by alert: from the fault's begin until it was seen firing
  std::set<std::string> active;               // at the last look: pending or firing
  std::set<std::string> firing;               // likewise
  std::set<std::string> known;                // likewise: alerts that a loaded rule makes
  bool forgot = false;                        // the runner was restarted while the fault was being ended
  std::string unread;                         // why the last look failed; empty: it didn't
  bool ever_unread = false;
  std::string problem;                 // what went wrong with the fault itself
  std::optional<Milliseconds> lasted;  // from the fault's end until all alerts were over

  bool all_heard() const { return heard.size() == spec.alerts.size(); }
};

Task<void> FaultStage::look(const StageRequest& request, Drill& drill) {
  auto rules = co_await drill.prometheus.rules(*request.stop);
  drill.unread = rules ? std::string() : rules.error().message;
  if (!rules) {
    drill.ever_unread = true;
    co_return;
  }
  drill.active.clear();
  drill.firing.clear();
  drill.known.clear();
  for (const auto& rule : *rules) {
    const auto& wanted = drill.spec.alerts;
    if (!rule.alerting || std::find(wanted.begin(), wanted.end(), rule.name) == wanted.end()) continue;
    drill.known.insert(rule.name);
    for (const auto& alert : rule.alerts) {
      drill.active.insert(rule.name);
      if (alert.state == "firing") drill.firing.insert(rule.name);
    }
  }
}

// Why nothing can be broken, or nothing once it is.
Task<std::optional<StageOutcome>> FaultStage::begin(const StageRequest& request, Drill& drill) {
  auto step = step_of(drill.spec.command, request, "1-fault");
  if (step) step->view.environment = environment_of(request);
  if (!step) co_return outcome_of(step.error());
  drill.fault = step->name;
  if (const auto before = time_in(began_file(request))) {
    drill.began = *before;
  } else {
    co_await look(request, drill);
    StageOutcome outcome;
    outcome.outcome = Outcome::inconclusive;
    if (!drill.unread.empty()) {
      outcome.reason = "the fault was not begun: " + drill.unread;
      co_return outcome;
    }
    for (const auto& alert : drill.spec.alerts) {
      if (!drill.known.contains(alert))
        co_return failed(fmt::format("the fault was not begun: {} has no alert {}", drill.prometheus.url(), alert),
                         "load a rule of that name, or correct `alerts:`");
    }
    if (!drill.active.empty()) {
      outcome.reason = fmt::format("the fault was not begun: {} was already active", fmt::join(drill.active, ", "));
      outcome.advice = "begin the drill when its alerts are quiet";
      co_return outcome;
    }
    drill.began = clock_.now();
    auto kept = keep_time(began_file(request), drill.began);
    if (!kept) co_return outcome_of(kept.error());
    request.log->line("$ " + command_line(drill.spec.command));
  }
  drill.breaks = true;
  drill.forgot = time_in(ended_file(request)).has_value();
  if (drill.forgot) co_return std::nullopt;
  auto started = co_await steps_.start(std::move(*step), *request.stop);
  if (!started) drill.problem = started.error().message;
  co_return std::nullopt;
}

Task<void> FaultStage::listen(const StageRequest& request, Drill& drill) {
  while (drill.problem.empty() && !drill.forgot && !drill.all_heard()) {
    auto status = steps_.status(drill.fault);
    if (status && status->has_value() && !(*status)->succeeded()) {
      drill.problem = fmt::format("the fault ended by itself: {}", describe(**status));
      co_return;
    }
    co_await look(request, drill);
    const auto since = clock_.now() - drill.began;
    for (const auto& alert : drill.firing) {
      if (!drill.heard.emplace(alert, since).second) continue;
      request.log->line(fmt::format("{} fires {} after the fault began", alert, seconds_text(since)));
    }
    if (since >= drill.spec.within || drill.all_heard()) co_return;
    co_await clock_.sleep(look_every, *request.stop);
  }
}

// Runs to its end whatever ended the stage but the runner's own.
Task<void> FaultStage::mend(const StageRequest& request, Drill& drill) {
  (void)keep_time(ended_file(request), clock_.now());
  auto ended = co_await steps_.end(drill.fault, *request.runner);
  if (!ended && drill.problem.empty()) drill.problem = "the fault could not be ended: " + ended.error().message;
  if (!drill.spec.undo) co_return;
  auto step = step_of(*drill.spec.undo, request, "2-undo");
  if (step) step->view.environment = environment_of(request);
  std::string trouble;
  if (!step) {
    trouble = step.error().message;
  } else {
    request.log->line("$ " + command_line(*drill.spec.undo));
    step->argv.insert(step->argv.begin(), {"/usr/bin/timeout", "-k", "10", undo_within});
    auto exit = co_await steps_.run(std::move(*step), *request.runner);
    if (!exit) trouble = exit.error().message;
    if (exit && !exit->succeeded()) trouble = describe(*exit);
  }
  if (trouble.empty()) co_return;
  drill.problem += (drill.problem.empty() ? "" : "; ") + ("`undo` failed: " + trouble);
}

Task<void> FaultStage::wait_for_end(const StageRequest& request, Drill& drill) {
  if (drill.spec.resolved_within <= Milliseconds{0} || !drill.problem.empty()) co_return;
  const auto ended = clock_.now();
  for (;;) {
    co_await look(request, drill);
    const auto since = clock_.now() - ended;
    if (drill.unread.empty() && drill.active.empty()) {
      drill.lasted = since;
      co_return;
    }
    if (since >= drill.spec.resolved_within) co_return;
    co_await clock_.sleep(look_every, *request.stop);
  }
}

namespace {

template <class Drill>
StageOutcome judged(const Drill& drill, const StageRequest& request) {
  StageOutcome outcome;
  outcome.outcome = Outcome::passed;
  Measurements measurements;
  Milliseconds slowest{0};
  std::string last;
  std::string missed;
  const double began = static_cast<double>(drill.began.time_since_epoch().count()) / 1000;
  for (const auto& alert : drill.spec.alerts) {
    Check check{alert, "fires within " + human_duration(drill.spec.within), "did not fire", Outcome::failed, {}};
    if (auto found = drill.heard.find(alert); found != drill.heard.end()) {
      check.observed = seconds_text(found->second);
      check.outcome = found->second <= drill.spec.within ? Outcome::passed : Outcome::failed;
      measurements.add("fault.detection_s {alertname=\"" + alert + "\"}", began,
                       static_cast<double>(found->second.count()) / 1000);
      if (found->second >= slowest) last = alert;
      slowest = std::max(slowest, found->second);
    }
    check.sentence = fmt::format("{} {} ({})", alert, check.observed, check.expected);
    if (check.outcome != Outcome::passed) missed += (missed.empty() ? "" : ", ") + alert;
    outcome.checks.push_back(std::move(check));
  }
  (void)replace_file(request.directory + "/measurements.ndjson", measurements.text());
  const auto recall = fmt::format("{} of {} alerts detected the fault", drill.heard.size(), drill.spec.alerts.size());
  if (drill.forgot) {
    outcome.outcome = Outcome::inconclusive;
    outcome.reason = "quietgate restarted while the fault was being ended: which alerts fired is not known";
    outcome.checks.clear();
    return outcome;
  }
  if (!drill.problem.empty()) return failed(drill.problem + "; " + recall);
  if (!missed.empty()) {
    outcome.outcome = drill.ever_unread ? Outcome::inconclusive : Outcome::failed;
    outcome.reason = fmt::format("{}: not within {}: {}", recall, human_duration(drill.spec.within), missed);
    if (drill.ever_unread) outcome.reason += "; the rules could not be read all the time";
    outcome.advice = "correct the rule: an alert that misses this fault would not stop such a commit";
    return outcome;
  }
  outcome.reason = fmt::format("{}, the slowest after {} ({})", recall, seconds_text(slowest), last);
  if (drill.spec.resolved_within <= Milliseconds{0}) return outcome;
  if (!drill.lasted) {
    outcome.outcome = drill.unread.empty() ? Outcome::failed : Outcome::inconclusive;
    outcome.reason += drill.unread.empty()
                          ? fmt::format("; {} still active {} after its end", fmt::join(drill.active, ", "),
                                        human_duration(drill.spec.resolved_within))
                          : "; whether they ended is not known: " + drill.unread;
  } else {
    outcome.reason += fmt::format("; resolved {} after its end", seconds_text(*drill.lasted));
  }
  return outcome;
}

}  // namespace

Task<StageOutcome> FaultStage::run(StageRequest request) {
  const auto spec = spec_of<FaultSpec>(request.spec.body);
  Drill drill(http_, spec);
  std::exception_ptr thrown;
  std::optional<StageOutcome> refused;
  bool shut_down = false;
  try {
    refused = co_await begin(request, drill);
    if (!refused) co_await listen(request, drill);
  } catch (const Stopped& stopped) {
    shut_down = stopped.reason == StopReason::shutdown;
    thrown = std::current_exception();
  }
  if (refused) co_return std::move(*refused);
  // At the end of the service the fault goes on under its leader, and the drill is taken up again.
  if (drill.breaks && !shut_down) co_await mend(request, drill);
  if (thrown) std::rethrow_exception(thrown);
  co_await wait_for_end(request, drill);
  auto outcome = judged(drill, request);
  outcome.reason = masked(std::move(outcome.reason), request.secrets);
  co_return outcome;
}

}  // namespace quietgate
