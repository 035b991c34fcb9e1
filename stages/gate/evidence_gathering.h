// Asks a Prometheus server for everything that a gate judges by.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "stages/gate/gate_evidence.h"
#include "stages/gate/watched_rules.h"

namespace quietgate {

// `http`, `clock` and `stop` must outlive it. Every wait throws Stopped. Once the server does not answer at all, what
// is left is not asked any more: the evidence then holds that error everywhere, and a hung server costs one deadline.
class EvidenceGathering {
 public:
  // `tells_readiness`: false when the server has no /-/ready; it is then asked for its time instead.
  EvidenceGathering(Http& http, Clock& clock, std::string base_url, bool tells_readiness, Stop& stop);

  Task<ServerLook> look();
  Task<Result<ClockComparison>> compare_clocks();
  Task<Result<std::vector<LoadedRule>>> loaded();
  // For watching: with a short deadline, and without consequence for what is asked later.
  Task<Result<RulesReading>> glance();
  Task<Result<RuntimeInformation>> glance_at_runtime();
  Task<Result<double>> now();
  Task<Result<double>> longest_scrape();  // interval among all targets, seconds
  // Everything else. `evidence.rules`, `begin` and `end` must be there already. What it asks follows the rules that
  // `evidence.loaded` holds, or those that it reads first; at its end they are read (again), for the judgement.
  Task<void> gather(GateEvidence& evidence);
  // The same for a look in between: `evidence.loaded` is there already, too, and is not read again.
  Task<void> gather_so_far(GateEvidence& evidence);
  const std::string& url() const { return prometheus_.url(); }

 private:
  Task<Result<std::vector<Series>>> series(std::string promql, double at);
  Task<void> gather_samples(GateEvidence& evidence);
  Task<void> look_again(GateEvidence& evidence);
  Task<void> gather_rules(GateEvidence& evidence);
  Task<void> gather_targets(GateEvidence& evidence);
  Task<void> gather_evaluations(GateEvidence& evidence);
  Task<void> gather_inputs(GateEvidence& evidence);
  Task<void> gather_counts(GateEvidence& evidence, std::vector<std::string> selectors, double scrape);
  Task<void> gather_descriptions(GateEvidence& evidence, const std::vector<InputNeed>& needs);
  Task<void> gather_alerts(GateEvidence& evidence);
  Task<void> gather_values(GateEvidence& evidence);
  Task<void> see_if_gone();  // after an error

  Clock& clock_;
  Stop& stop_;
  bool tells_readiness_;
  Prometheus prometheus_;
  Prometheus impatient_;
  bool together_ = true;  // the server has an answer for many inputs at once, as far as is known
  std::optional<Error> gone_;
};

}  // namespace quietgate
