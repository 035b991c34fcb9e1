// The folder of one environment and its descriptor: everything needed to destroy it, even without its run, its checkout
// and the service that created it.
//   environment.json   checkout/   data/ (`${{ apply.directory }}`)   services/<generation>/<name>/   terraform/
// Readable by its owner only: the descriptor holds the environment variables of its processes. docs/environment.md.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/types.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_name.h"
#include "stages/environments/contract/provisioner_spec.h"

namespace quietgate {

struct EnvironmentFolder {
  std::string root;  // absolute: <environments>/<id>
  std::string descriptor() const { return root + "/environment.json"; }
  std::string checkout() const { return root + "/checkout"; }
  std::string data() const { return root + "/data"; }
  std::string terraform() const { return root + "/terraform"; }
};

struct EnvironmentDescriptor {
  std::string id;
  RunId run;  // the run that created or last updated it
  std::string stage;
  int attempt = 1;
  std::string nonce;        // nonce of that attempt, for its steps, its services and the destroy
  std::string provisioner;  // `processes`, `terraform`
  bool keep = false;
  CommitId commit;
  std::map<std::string, int> ports;
  std::map<std::string, std::string> environment;  // of every process that creates or destroys it
  std::vector<std::string> secrets;                // values of it that must be masked
  std::vector<StepName> services;                  // in start order
  std::string own;                                 // a JSON object that only the provisioner reads; empty: none

  // Differs between the runs and attempts that update one kept environment.
  std::string generation() const { return std::to_string(run.number) + "-" + std::to_string(attempt); }
  // Of the services that this run and attempt start.
  StepName service(const std::string& name) const { return {EnvironmentOwner{id, services_part, generation()}, name}; }
};

Result<void> save(const EnvironmentDescriptor& environment, const EnvironmentFolder& folder);
// Fails with kind infrastructure if the descriptor is absent, broken, or written by a newer version.
Result<EnvironmentDescriptor> load_environment(const EnvironmentFolder& folder);

// The request to a provisioner. All of it must outlive the call.
struct Provision {
  const StageRequest& request;
  const ProvisionerSpec& spec;  // every template resolved
  EnvironmentFolder folder;
  EnvironmentDescriptor& environment;  // already saved; a provisioner that changes it saves it before it acts
};

class Provisioner {
 public:
  virtual ~Provisioner() = default;
  // Creates or updates the environment as the checkout declares it, and returns the provisioner's outputs. Idempotent:
  // a resumed attempt calls it again. Errors: step (the commit is at fault), user (the pipeline is wrong),
  // infrastructure. Throws Stopped; destroy() later removes what exists by then.
  virtual Task<Result<std::map<std::string, std::string>>> create(Provision provision) = 0;
  // Ends and removes everything that create() made, even if incomplete; leaves the folder itself. Idempotent.
  virtual Task<Result<void>> destroy(EnvironmentDescriptor environment, EnvironmentFolder folder, Stop& stop) = 0;
};

}  // namespace quietgate
