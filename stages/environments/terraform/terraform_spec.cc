#include "stages/environments/terraform/terraform_spec.h"

#include "stages/environments/contract/provisioner_codec.h"

namespace quietgate {

template TerraformSpec spec_of<TerraformSpec>(const ProvisionerSpec& provisioner);

ProvisionerSpec provisioner_of(const TerraformSpec& spec) {
  return {"terraform", encoded(spec), true};
}

}  // namespace quietgate
