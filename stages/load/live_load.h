// One load of a stage, from its start to its end: run, followed, drawn.
#pragma once

#include <optional>
#include <string>

#include "runner/ports/clock.h"
#include "runner/ports/load_metrics.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"
#include "stages/attempt/measurements.h"
#include "stages/load/counted_load.h"
#include "stages/load/load_judgement.h"
#include "stages/load/load_report.h"
#include "stages/load/load_rows.h"
#include "stages/load/load_source.h"
#include "stages/load/replica_watch.h"

namespace quietgate {

// A load while it runs: what has been read, said and drawn of it so far. What it is made of must outlive it.
class LiveLoad {
 public:
  // `running`: an earlier runner started it.
  LiveLoad(const StageRequest& request, const LoadSpec& spec, PlannedLoad load, bool running, ReplicaWatch* replicas,
           Clock& clock, LoadMetrics* metrics);

  // Runs the load, or goes on with one that an earlier runner started, to its end. Throws Stopped.
  Task<Result<LoadEnd>> run(StepExecutor& steps, StepSpec process);
  // Reads all rows once more, with the steady state [from, until) (milliseconds of the load, by whole seconds).
  Task<LoadReport> read_again(Milliseconds from, std::optional<Milliseconds> until = std::nullopt);

  const PlannedLoad planned;
  LoadReport report;
  std::string ended_for;  // the alarm that ended the load

 private:
  Task<void> read();
  void draw();
  void wait_on();
  std::optional<std::string> must_end();
  Task<std::optional<std::string>> follow();

  const StageRequest& request_;
  const LoadSpec& spec_;
  ReplicaWatch* replicas_;
  Clock& clock_;
  LoadRows rows_;
  std::string drawn_;  // file of what was measured so far
  bool resumed_;
  Time looked_;             // when time was last taken
  Milliseconds waited_{0};  // for the load to begin; from there, for its end
  bool begun_ = false;
  std::optional<CountedLoad> counted_;  // while it runs
  std::size_t told_ = 0;                // seconds that a progress line was considered for
};

// The seconds of a load as series of measurements.ndjson; `offset` is the metrics server's clock less ours.
void add_measurements(Measurements& to, const LiveLoad& load, double offset);

}  // namespace quietgate
