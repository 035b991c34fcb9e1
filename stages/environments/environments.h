// Destroys environments of every provisioner.
#pragma once

#include <string>

#include "runner/ports/clock.h"
#include "runner/ports/disk.h"
#include "runner/ports/http.h"
#include "runner/ports/residents.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"
#include "stages/environments/provisioners.h"

namespace quietgate {

// Ends steps that still create the environment, lets its provisioner destroy it, ends its remaining processes, and
// removes its folder last. While anything is left, the folder stays, and the next try continues.
class Environments : public EnvironmentDestroyer {
 public:
  // `folder` contains all environments, as in StageRequest. All must outlive this. Without a disk, folders are removed
  // on the caller's thread.
  Environments(StepExecutor& steps, Residents& residents, Http& http, Clock& clock, std::string folder,
               Disk* disk = nullptr, const Provisioners& known = provisioners())
      : steps_(steps),
        residents_(residents),
        http_(http),
        clock_(clock),
        folder_(std::move(folder)),
        disk_(disk),
        provisioners_(known) {}
  // Fails with kind infrastructure and says what is left and why. Succeeds if the folder is gone and no process is
  // left.
  Task<Result<void>> destroy(EnvironmentSummary environment, Stop& stop) override;

 private:
  StepExecutor& steps_;
  Residents& residents_;
  Http& http_;
  Clock& clock_;
  std::string folder_;
  Disk* disk_;
  const Provisioners& provisioners_;
};

}  // namespace quietgate
