// Destroys environments, whichever provisioner made them.
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

// Ends the steps that still make the environment, lets its provisioner destroy it, ends every process that still lives
// in it, and removes its folder last: as long as anything is left, so is the folder, and the next try goes on.
class Environments : public EnvironmentDestroyer {
 public:
  // `folder` is that of all environments, as in StageRequest. All must outlive this. Without a disk, folders are
  // removed on the caller's thread.
  Environments(StepExecutor& steps, Residents& residents, Http& http, Clock& clock, std::string folder,
               Disk* disk = nullptr, const Provisioners& known = provisioners())
      : steps_(steps),
        residents_(residents),
        http_(http),
        clock_(clock),
        folder_(std::move(folder)),
        disk_(disk),
        provisioners_(known) {}
  // Errors (kind infrastructure) say what is left and why. A folder that is gone, and no process in it, is success.
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
