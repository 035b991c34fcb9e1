// The `apply` stage: creates or updates one environment and returns its outputs.
#pragma once

#include <set>
#include <string>

#include "runner/ports/clock.h"
#include "runner/ports/disk.h"
#include "runner/ports/git.h"
#include "runner/ports/http.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"
#include "runner/ports/watchdog_deliveries.h"
#include "stages/apply/apply_spec.h"
#include "stages/apply/overtaken.h"
#include "stages/environments/contract/environment.h"
#include "stages/environments/contract/ports.h"
#include "stages/environments/provisioners.h"

namespace quietgate {

// An ephemeral environment is `<repository>-<run>-<stage>` (`-a<attempt>` from the second on), one with `keep` is
// `<repository>-<stage>` and is updated in place by the next run. Its folder is below StageRequest::environments.
// EnvironmentPlanned is in the journal before anything is created, and EnvironmentReady when all of it is ready.
// Outputs: the provisioner's, the declared ones (which take precedence), and `environment`, the id. Received artifacts
// are added to the environment's checkout before the provisioner runs. With `watch`, the attempt continues until the
// release has been judged (release_watch.h); other runs that update the kept environment wait for that. Nothing is
// deployed if the branch that this run promoted has moved since: an older commit must not replace that of a newer run
// or of a person. After a failure or a stop, the environment stays as it is; the engine destroys it at the end of the
// run.
class ApplyStage : public StageKind {
 public:
  // All must outlive this. Without a disk, checkouts are removed and artifacts copied on the caller's thread.
  ApplyStage(StepExecutor& steps, Http& http, Git& git, Clock& clock, const WatchdogDeliveries* deliveries = nullptr,
             Disk* disk = nullptr, const Provisioners& known = provisioners())
      : steps_(steps),
        http_(http),
        git_(git),
        clock_(clock),
        deliveries_(deliveries),
        disk_(disk),
        provisioners_(known) {}
  Task<StageOutcome> run(StageRequest request) override;

 private:
  class UpdateGuard;
  Task<Result<std::map<std::string, std::string>>> apply(const StageRequest& request, const ApplySpec& planned,
                                                         std::string id, std::optional<WatchSpec>& watch);
  Task<Result<EnvironmentDescriptor>> plan(const StageRequest& request, const ApplySpec& spec, std::string id,
                                           EnvironmentFolder folder, LoopbackPorts::Lease& lease);
  Task<std::optional<Overtaken>> moved_on(const StageRequest& request);
  Task<Result<void>> place_checkout(const StageRequest& request, EnvironmentFolder folder);

  StepExecutor& steps_;
  Http& http_;
  Git& git_;
  Clock& clock_;
  const WatchdogDeliveries* deliveries_;
  Disk* disk_;
  const Provisioners& provisioners_;
  LoopbackPorts ports_;
  std::set<std::string> busy_;  // kept environments that a run is updating
};

std::string environment_id(const RunId& run, const std::string& stage, int attempt, bool keep);

}  // namespace quietgate
