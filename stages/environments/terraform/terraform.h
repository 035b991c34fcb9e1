// The `terraform` provisioner: Terraform or OpenTofu, whichever is installed, with state, plan and data directory in
// the environment's own folder.
#pragma once

#include "runner/ports/clock.h"
#include "runner/ports/step_executor.h"
#include "stages/environments/contract/environment.h"

namespace quietgate {

// create: init, plan (saved), show, apply of exactly that plan, output; each a step below the attempt's `steps/`, so
// that a resumed attempt takes up the one that was running. Progress goes to the stage's log as it happens. A stale
// plan is planned once more.
//   step errors: what Terraform says about the module, a failed provisioner or resource.
//   infrastructure errors: no terraform, a provider can't be downloaded, the state's lock is held, Terraform was
//   killed.
// The state is local to the environment: a module without a backend gets `quietgate_override.tf` with `backend "local"`
// in the environment's own checkout. A module with a remote backend keeps it, and may only be used with `keep`.
// destroy: `terraform destroy` when there is a state, after any step that still runs was ended.
class TerraformProvisioner : public Provisioner {
 public:
  TerraformProvisioner(StepExecutor& steps, Clock& clock) : steps_(steps), clock_(clock) {}
  Task<Result<std::map<std::string, std::string>>> create(Provision provision) override;
  Task<Result<void>> destroy(EnvironmentDescriptor environment, EnvironmentFolder folder, Stop& stop) override;

 private:
  StepExecutor& steps_;
  Clock& clock_;
};

}  // namespace quietgate
