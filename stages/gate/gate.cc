#include "stages/gate/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "runner/base/json.h"
#include "runner/base/time.h"
#include "stages/attempt/measurements.h"
#include "stages/gate/evidence_gathering.h"
#include "stages/gate/gate_server.h"
#include "stages/gate/judgement.h"
#include "stages/gate/proof_table.h"
#include "stages/gate/proof_text.h"
#include "stages/gate/proofs_could_fire.h"
#include "stages/gate/rule_watch.h"
#include "stages/prometheus/alertmanager.h"

namespace quietgate {

namespace {

constexpr double longest_wait = 3600;  // seconds beyond the quiet time that a server's clock may be asked to catch up
constexpr double progress_every = 10;  // seconds
constexpr double preview_every = 2;    // seconds, or longer when the server is slow
// Seconds that are left: a preview asks as much of the server as the verdict, which would come the later for it.
constexpr double preview_worth = 5;
constexpr std::size_t longest_detail = 400;

std::string progress_json(const GateJudgement& judgement, double elapsed, double duration) {
  auto proofs = nlohmann::json::array();
  for (const auto& proof : judgement.proofs) {
    const auto detail = proof.detail.substr(0, longest_detail);
    proofs.push_back({{"id", proof.id},
                      {"name", proof.name},
                      {"verdict", to_string(proof.verdict)},
                      {"detail", detail},
                      {"waived", proof.waived}});
  }
  const nlohmann::json all{{"elapsed_ms", std::llround(elapsed * 1000)},
                           {"duration_ms", std::llround(duration * 1000)},
                           {"proofs", std::move(proofs)}};
  return json_text(all);
}

// When the last attempt of the first of the gate's stages began, in seconds since the epoch; 0: it names none.
double last_attempts_began(const GateSpec& spec, const StageRequest& request) {
  std::optional<Time> first;
  for (const auto& name : spec.during) {
    const auto stage = request.run_state->stages.find(name);
    if (stage == request.run_state->stages.end() || stage->second.attempt == 0) continue;
    const auto began = stage->second.attempt_started;
    first = first ? std::min(*first, began) : began;
  }
  return first ? seconds_of(*first) : 0;
}

Result<std::vector<LoadedRule>> copy_of(const Result<RulesSnapshot>& snapshot) {
  if (!snapshot) return snapshot.error();
  return **snapshot;
}

// One judging from its begin to its end.
class Judging {
 public:
  Judging(Http& http, Clock& clock, const WatchdogDeliveries* deliveries, CommittedRules* committed,
          const GateSpec& spec, const StageRequest& request, WatchedRules* watched)
      : watched_(watched),
        deliveries_(deliveries),
        clock_(clock),
        request_(request),
        spec_(spec),
        server_(http, clock, spec.prometheus, !spec.waivers.contains("P1"), *request.stop),
        http_(http),
        committed_(committed) {
    evidence_.run = request.run;
    evidence_.fault_raised = last_attempts_began(spec, request);
  }

  // Why there can't be any evidence, or nothing once the window and its quiet time are over (or an alert fires).
  Task<std::optional<Proof>> await_end(Window window);
  Task<GateEvidence> gather();
  const std::string& url() const { return server_.url(); }

 private:
  Task<std::optional<Proof>> begin();
  Task<void> watch_until(double until);
  Task<void> wait_for_pending();
  Task<void> poll(bool anew);
  RulesSnapshot newest_snapshot() const;
  Task<void> preview(double from, double until);
  Task<void> compare_start_time();
  double server_now() const { return seconds_of(clock_.now()) + skew_; }
  void say(const std::string& line) { request_.log->line(line); }

  void look_up_delivery(GateEvidence& evidence) const;

  WatchedRules* watched_;
  const WatchdogDeliveries* deliveries_;
  Clock& clock_;
  const StageRequest& request_;
  const GateSpec& spec_;
  GateServer server_;
  Http& http_;
  CommittedRules* committed_;
  GateEvidence evidence_;
  Result<RulesSnapshot> polled_ = not_asked<RulesSnapshot>();  // as polled last
  double skew_ = 0;
  bool firing_ = false;
  double previewed_ = 0;  // when, on the server's clock
  double preview_took_ = 0;
  std::vector<std::pair<std::string, double>> pending_;  // rule and since when; within the window
  std::set<std::string> said_;
};

Task<std::optional<Proof>> Judging::begin() {
  auto blind = [](const char* id, const char* name, const std::string& why) {
    return Proof{id, name, GateVerdict::blind, why};
  };
  auto rules = committed_ == nullptr ? read_rules(request_.checkout, spec_.rules)
                                     : committed_->read(request_.checkout, spec_.rules);
  if (!rules) co_return blind("P3", "loaded rules equal the commit's", rules.error().message);
  evidence_.rules = std::move(*rules);
  evidence_.before = co_await server_.status();
  if (!spec_.waivers.contains("P1")) {
    if (!evidence_.before.ready)
      co_return blind("P1", "server ready, not restarted", evidence_.before.ready.error().message);
    if (!*evidence_.before.ready) co_return blind("P1", "server ready, not restarted", "Prometheus is not ready");
  }
  auto clocks = co_await server_.compare_clocks();
  if (!clocks && !spec_.waivers.contains("P2")) co_return blind("P2", "clocks agree", clocks.error().message);
  if (clocks) skew_ = clocks->skew;
  if (auto known = newest_snapshot()) {
    evidence_.loaded = *known;
  } else {
    evidence_.loaded = co_await server_.rules();
  }
  co_return std::nullopt;
}

Task<std::optional<Proof>> Judging::await_end(Window window) {
  evidence_.begin = seconds_of(window.begin);
  evidence_.end = seconds_of(window.end);
  if (auto why = co_await begin()) co_return why;
  // Until the last sample and the last evaluation of the window are there, and Prometheus' word about its own groups.
  double settle = 2 * longest_interval(evidence_);
  const bool all_beat = std::all_of(evidence_.rules.begin(), evidence_.rules.end(), [this](const ExpectedRule& rule) {
    return !rule.last || !heartbeat_of(evidence_.rules, rule.group).empty();
  });
  if (!all_beat) {
    auto scrape = co_await server_.longest_scrape_interval();
    if (scrape) settle += *scrape;
  }
  const double until = evidence_.end + settle;
  if (until - server_now() > longest_wait + evidence_.length()) {
    co_return Proof{
        "P2", "clocks agree", GateVerdict::blind,
        fmt::format("by the clock of Prometheus, the window ends {} from now", span_text(until - server_now()))};
  }
  co_await watch_until(until);
  if (!firing_) co_await wait_for_pending();
  co_return std::nullopt;
}

// What the stage's watch has read a moment ago, or null.
RulesSnapshot Judging::newest_snapshot() const {
  return watched_ == nullptr ? nullptr : watched_->newest(spec_.prometheus, clock_.now());
}

// `anew`: what is decided by it can't be taken back, so it must be the newest that there is.
Task<void> Judging::poll(bool anew) {
  auto reading = anew ? nullptr : newest_snapshot();
  if (reading) {
    polled_ = std::move(reading);
  } else {
    polled_ = co_await server_.poll_rules();
  }
  if (!polled_) {
    const auto& message = polled_.error().message;
    if (said_.insert(message).second) say("the rules can't be polled: " + message);
    co_return;
  }
  co_await compare_start_time();
  pending_.clear();
  for (const auto& rule : **polled_) {
    if (!rule.alerting || rule.alerts.empty()) continue;
    const bool scoped = std::any_of(evidence_.rules.begin(), evidence_.rules.end(), [&rule](const ExpectedRule& known) {
      return known.name == rule.name && in_scope(known);
    });
    if (!scoped) continue;
    for (const auto& alert : rule.alerts) {
      if (alert.state == "firing") {
        firing_ = true;
        evidence_.polled_firings.push_back({rule.name, alert.active_at, alert.value});
      }
      if (alert.state == "pending" && alert.active_at <= evidence_.end)
        pending_.emplace_back(rule.name, alert.active_at);
      auto line = fmt::format("{} is {} since {}, value {:.4g}", rule.name, alert.state, clock_time(alert.active_at),
                              alert.value);
      if (said_.insert(rule.name + alert.state + clock_time(alert.active_at)).second) say(line);
    }
  }
}

// A restart shows at the end, too. Two servers behind one address may show the same face at both ends.
Task<void> Judging::compare_start_time() {
  if (!evidence_.before.runtime) co_return;
  auto runtime = co_await server_.poll_runtime();
  if (runtime && runtime->start_time != evidence_.before.runtime->start_time)
    evidence_.other_starts.push_back(runtime->start_time);
}

// The proof table of the window until now, for live displays. What a proof says at the end may differ: P8 alone is
// judged by the whole window already.
Task<void> Judging::preview(double from, double until) {
  const double began = server_now();
  if (began - previewed_ < std::max(preview_every, 10 * preview_took_)) co_return;
  GateEvidence so_far = evidence_;
  so_far.end = std::min(evidence_.end, began - 2 * longest_interval(evidence_));
  if (so_far.end - so_far.begin < longest_interval(evidence_)) co_return;
  so_far.evaluations = read_evaluations(request_.directory, server_.url());
  // Of its own: a server that doesn't answer now is asked again for the verdict.
  GateServer server(http_, clock_, spec_.prometheus, !spec_.waivers.contains("P1"), *request_.stop);
  so_far.loaded = copy_of(polled_);
  EvidenceGathering gathering(server);
  co_await gathering.gather_so_far(so_far);
  look_up_delivery(so_far);
  // Answers need not be asked for again; what failed may be had at the end. What stands for itself was perhaps not
  // asked.
  for (const auto& [query, formatted] : so_far.canonical) {
    if (formatted && *formatted != query) evidence_.canonical.emplace(query, formatted);
  }
  auto judgement = judge_gate(spec_, so_far);
  const auto able = prove_could_fire(evidence_).proof;
  for (auto& proof : judgement.proofs) {
    if (proof.id == able.id) proof = able;
  }
  previewed_ = server_now();
  preview_took_ = previewed_ - began;
  if (request_.progress != nullptr)
    request_.progress->post(request_.directory, progress_json(judgement, previewed_ - from, until - from));
}

Task<void> Judging::watch_until(double until) {
  bool anew = server_now() >= until;
  co_await poll(anew);
  const double from = server_now();
  double left = until - server_now();
  if (left > 0 && !firing_) {
    say(fmt::format("waiting {} for the rules to stay quiet, until {}", span_text(std::max(1.0, std::round(left))),
                    clock_time(until)));
  }
  double next_word = left - progress_every;
  while (left > 0 && !firing_) {
    co_await clock_.sleep(milliseconds_of(std::min(1.0, left)) + Milliseconds(1), *request_.stop);
    anew = server_now() >= until;
    co_await poll(anew);
    left = until - server_now();
    if (!firing_ && left > std::max(preview_worth, preview_took_)) co_await preview(from, until);
    left = until - server_now();
    if (left > 1 && left <= next_word) {
      say(fmt::format("{} left", span_text(std::round(left))));
      next_word = left - progress_every;
    }
  }
  if (!anew && !firing_) co_await poll(true);
}

Task<void> Judging::wait_for_pending() {
  if (pending_.empty()) co_return;
  double patience = 0;
  for (const auto& rule : evidence_.rules) {
    for (const auto& [name, since] : pending_) {
      if (rule.name == name) patience = std::max(patience, rule.duration + 2 * interval_of(evidence_, rule.group));
    }
  }
  say(fmt::format("{} is pending since {}: waiting up to {} to see whether it clears or fires", pending_.front().first,
                  clock_time(pending_.front().second), span_text(patience)));
  const double from = server_now();
  while (!pending_.empty() && !firing_ && server_now() < from + patience) {
    co_await clock_.sleep(Milliseconds(500), *request_.stop);
    co_await poll(true);
  }
}

void Judging::look_up_delivery(GateEvidence& evidence) const {
  evidence.delivery_asked = seconds_of(clock_.now());
  if (deliveries_ == nullptr) return;
  if (const auto last = deliveries_->last(spec_.watchdog)) evidence.watchdog_delivered = *last;
}

Task<GateEvidence> Judging::gather() {
  // When an alert ended the waiting, only what has passed can be looked at.
  evidence_.end = std::max(evidence_.begin, std::min(evidence_.end, server_now()));
  evidence_.evaluations = read_evaluations(request_.directory, server_.url());
  if (watched_ != nullptr) watched_->gate_has_read_all();
  evidence_.loaded = copy_of(polled_);
  EvidenceGathering gathering(server_);
  co_await gathering.gather(evidence_);
  look_up_delivery(evidence_);
  if (!spec_.alertmanager.empty()) evidence_.muting = co_await ask_muting(http_, spec_.alertmanager, *request_.stop);
  co_return std::move(evidence_);
}

void tell(const GateJudgement& judgement, const StageRequest& request) {
  for (const auto& line : format_proofs(judgement.proofs)) request.log->line(line);
  request.log->line(said_by(judgement));
}

}  // namespace

Result<Window> gate_window(const GateSpec& spec, const std::map<std::string, StageOutcome>& finished) {
  std::optional<Window> hull;
  for (const auto& name : spec.during) {
    auto found = finished.find(name);
    if (found == finished.end() || !found->second.window)
      return user_error(fmt::format("stage `{}` left no window to judge", name));
    const auto& window = *found->second.window;
    if (!hull) hull = window;
    hull->begin = std::min(hull->begin, window.begin);
    hull->end = std::max(hull->end, window.end);
  }
  if (!hull) return user_error("the gate names no stage in `during`");
  hull->end += spec.quiet_for;
  return *hull;
}

Task<GateJudgement> Gate::judge(GateSpec spec, const StageRequest& request, WatchedRules* watched) {
  auto window = gate_window(spec, request.finished);
  if (window) co_return co_await judge_over(std::move(spec), *window, request, watched);
  auto judgement = blind_judgement("WINDOW", "a window to judge", window.error().message, {});
  tell(judgement, request);
  co_return judgement;
}

Task<GateJudgement> Gate::judge_over(GateSpec spec, Window window, const StageRequest& request, WatchedRules* watched) {
  GateJudgement judgement;
  Judging judging(http_, clock_, deliveries_, committed_, spec, request, watched);
  request.log->line(fmt::format("judging the rules from {} to {} on {}", iso_time(window.begin), iso_time(window.end),
                                judging.url()));
  auto why_not = co_await judging.await_end(window);
  if (why_not) {
    judgement = blind_judgement(why_not->id, why_not->name, why_not->detail, window);
  } else {
    auto evidence = co_await judging.gather();
    judgement = judge_gate(spec, evidence);
    judgement.window = window;
    judgement.rules = hash_of(evidence.rules);
  }
  // What stood so far stands no more.
  if (request.progress != nullptr) request.progress->clear(request.directory);
  tell(judgement, request);
  co_return judgement;
}

}  // namespace quietgate
