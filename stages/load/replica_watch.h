// Reads the replica count of a load with autoscaling: before it, while it runs, until it has settled, and once more as
// a whole for the judgement, so that nothing depends on who was watching. A command is asked every two seconds, and
// what it answered is kept in the attempt's `replicas.txt`: a line `TIME READY [DESIRED]` each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"
#include "stages/load/autoscaling.h"
#include "stages/load/autoscaling_spec.h"
#include "stages/prometheus/prometheus.h"

namespace quietgate {

// All that is given must outlive it. Every wait throws Stopped.
class ReplicaWatch {
 public:
  ReplicaWatch(Http& http, StepExecutor& steps, Clock& clock, const StageRequest& request, const AutoscalingSpec& spec);

  // Waits until the query answers one number (a young server has not scraped yet), at most 30 s, and, when that is what
  // the load is to reach, until the replicas are back at `settle_at`, at most `settle_within`; else says why not.
  Task<Result<double>> base();
  // The newest number, for people to see; asks at most once a second. True when there is a new one in `newest()`.
  Task<bool> look();
  const Sample& newest() const { return recent_.back(); }
  // The metrics server's clock less ours, in seconds.
  Task<Result<double>> clock_offset();
  // After the load (on the server's clock): returns when the replicas have settled and every deadline that still counts
  // has passed, with the time on the server's clock.
  Task<double> wait_for_end(ScalingWindow window, double offset);
  // The whole series around the load, one sample a second (of a command: each answer), without what no sample of the
  // last five seconds stands behind (replica_series.h).
  Task<Result<std::vector<Sample>>> series(ScalingWindow window);
  // Likewise of the desired replicas; empty when nobody says them.
  Task<Result<std::vector<Sample>>> desired(ScalingWindow window);

 private:
  Task<std::optional<Sample>> ask();
  Task<std::optional<Sample>> ask_command();
  std::vector<Sample> answers(std::size_t column, const ScalingWindow& window) const;
  Task<Result<double>> calm(double count);
  Task<Result<std::vector<Sample>>> read(std::string query, ScalingWindow window);
  Prometheus prometheus_;
  Prometheus impatient_;  // with a short deadline, for what is only to be seen
  StepExecutor& steps_;
  Clock& clock_;
  const StageRequest& request_;
  const AutoscalingSpec& spec_;
  StageLog& log_;
  Stop& stop_;
  Milliseconds between_looks_;
  std::int64_t asked_ = 0;
  std::vector<Sample> recent_;
  std::string problem_;
  Time next_look_{};
  double highest_ = 0;
};

}  // namespace quietgate
