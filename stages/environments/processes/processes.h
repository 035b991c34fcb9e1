// The `processes` provisioner: declared services on this machine, each under its own leader, which outlives the
// service. It needs no other software.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/step_executor.h"
#include "stages/environments/contract/environment.h"
#include "stages/environments/processes/processes_spec.h"
#include "stages/environments/processes/ready.h"

namespace quietgate {

// create: starts the services in their order, each when those before it are ready. A service is a step of its
// environment, in the generation of the run and the attempt. An update of a kept environment ends its old services,
// then starts the new ones.
//   step errors: a service exits before it is ready, is not ready in time, its address is in use.
//   infrastructure errors: a leader can't be started or died.
// destroy: ends them in reverse order.
class ProcessesProvisioner : public Provisioner {
 public:
  ProcessesProvisioner(StepExecutor& steps, Http& http, Clock& clock) : steps_(steps), http_(http), clock_(clock) {}
  Task<Result<std::map<std::string, std::string>>> create(Provision provision) override;
  Task<Result<void>> destroy(EnvironmentDescriptor environment, EnvironmentFolder folder, Stop& stop) override;

 private:
  struct Service;
  Task<Result<void>> replace_services(Provision provision, std::vector<std::string> names);
  Task<Result<void>> bring_up(Provision provision, Service service);
  Task<Result<void>> await_ready(Provision provision, Service service);
  Task<Readiness> probe(Provision provision, Service service, int number, Milliseconds deadline);
  Result<void> still_lives(Provision provision, const Service& service);
  std::string printed_last(const Service& service);

  StepExecutor& steps_;
  Http& http_;
  Clock& clock_;
};

}  // namespace quietgate
