// The folder of one environment and the descriptor in it: everything that destroying it needs, when the run, its
// checkout and the runner that made it are long gone.
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
  RunId run;  // that created or last updated it
  std::string stage;
  int attempt = 1;
  std::string nonce;        // of that attempt: of the steps that create it, are its services, and destroy it
  std::string provisioner;  // `processes`, `terraform`
  bool keep = false;
  CommitId commit;
  std::map<std::string, int> ports;
  std::map<std::string, std::string> environment;  // of every process that creates or destroys it
  std::vector<std::string> secrets;                // those of its values that must be masked
  std::vector<StepName> services;                  // in start order
  std::string own;                                 // JSON of an object that only its provisioner reads; empty: none

  // Differs between the runs and attempts that update one kept environment.
  std::string generation() const { return std::to_string(run.number) + "-" + std::to_string(attempt); }
  // Of the services that this run and attempt start.
  StepName service(const std::string& name) const { return {EnvironmentOwner{id, services_part, generation()}, name}; }
};

Result<void> save(const EnvironmentDescriptor& environment, const EnvironmentFolder& folder);
// An error of kind infrastructure when it is absent, broken, or written by a newer version.
Result<EnvironmentDescriptor> load_environment(const EnvironmentFolder& folder);

// What a provisioner is asked to create. All of it outlives the call.
struct Provision {
  const StageRequest& request;
  const ProvisionerSpec& spec;  // every template resolved
  EnvironmentFolder folder;
  EnvironmentDescriptor& environment;  // saved already; a provisioner that adds to it saves it before it acts
};

class Provisioner {
 public:
  virtual ~Provisioner() = default;
  // Brings the environment to what the checkout declares and answers the provisioner's own outputs. Idempotent: a
  // resumed attempt calls it again. Errors: step (the commit did it), user (the pipeline is wrong), infrastructure.
  // Throws Stopped; what was made by then is left for destroy.
  virtual Task<Result<std::map<std::string, std::string>>> create(Provision provision) = 0;
  // Ends and removes what create made, however far it got; the folder itself is left. Idempotent.
  virtual Task<Result<void>> destroy(EnvironmentDescriptor environment, EnvironmentFolder folder, Stop& stop) = 0;
};

}  // namespace quietgate
