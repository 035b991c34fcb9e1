// What a Prometheus server says about its rules while stages run, read again and again: the proof that rule groups were
// evaluated without a gap on a server that nobody prepared for it (P5).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/stage.h"
#include "stages/gate/alarm.h"
#include "stages/gate/gated_stage.h"
#include "stages/gate/watched_rules.h"
#include "stages/prometheus/rules_file.h"

namespace quietgate {

// Reads the rules of the server at `url` three times per evaluation interval, until `stop` is requested, and appends
// what is new to `rules-seen.ndjson` in the attempt's directory. What it can't read it leaves out: a gap proves
// nothing. Every reading is added to `watched`, which must outlive it.
// `seen` is called with every reading, an error too; it may be empty.
using RulesSeen = std::function<void(const Result<std::vector<LoadedRule>>&)>;
Task<void> watch_rules(Http& http, Clock& clock, std::string url, std::string attempt_directory, RulesSeen seen,
                       WatchedRules& watched, Stop& stop);

// The servers by whose rules a gate judges the time in which this stage runs: of itself, and of
// every `promote` stage of the run's plan that waits for it, as far as their addresses are known by now.
struct ServersToWatch {
  std::set<std::string> later;     // for gates of stages that wait for this one: until it has ended
  std::optional<std::string> own;  // for its own gate alone: until that has what it judges by
};
ServersToWatch servers_to_watch(const StageRequest& request);

// By server, what alerts must not begin to fire while this load runs: those of the commit's rules that decide in a gate
// which is about the load and ends it (`on_alert`). Empty for other kinds. Rules that can't be read are left out.
std::map<std::string, Alarm> alarms_of(const StageRequest& request, CommittedRules& committed);

// A stage kind during whose attempts those servers are watched.
class WatchedStage final : public StageKind {
 public:
  // All must outlive it. Sets the request's `alerts`. No `committed`: loads read the rule files for themselves. `gated`
  // is the inner kind once more, if it judges by what is read.
  WatchedStage(StageKind& inner, Http& http, Clock& clock, CommittedRules* committed = nullptr,
               GatedStage* gated = nullptr)
      : inner_(inner), http_(http), clock_(clock), committed_(committed), gated_(gated) {}
  Task<StageOutcome> run(StageRequest request) override;

 private:
  StageKind& inner_;
  Http& http_;
  Clock& clock_;
  CommittedRules* committed_;
  GatedStage* gated_;
};

}  // namespace quietgate
