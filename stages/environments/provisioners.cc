#include "stages/environments/provisioners.h"

#include "stages/environments/processes/processes_kind.h"
#include "stages/environments/terraform/terraform_kind.h"

namespace quietgate {

const Provisioners& provisioners() {
  static const Provisioners all{
      processes_provisioner(),
      terraform_provisioner(),
  };
  return all;
}

const ProvisionerDescriptor* find_provisioner(const Provisioners& all, const std::string& name) {
  for (const auto& each : all) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

}  // namespace quietgate
