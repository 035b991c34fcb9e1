#include "stages/environments/provisioners.h"

#include "stages/environments/processes/processes.h"
#include "stages/environments/terraform/terraform.h"

namespace quietgate {

std::unique_ptr<Provisioner> make_provisioner(const std::string& name, Processes& processes, Http& http, Clock& clock) {
  if (name == "processes") return std::make_unique<ProcessesProvisioner>(processes, http, clock);
  if (name == "terraform") return std::make_unique<TerraformProvisioner>(processes, clock);
  return nullptr;
}

}  // namespace quietgate
