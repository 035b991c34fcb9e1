// The provisioner `terraform` for stages/environments/provisioners.cc.
#pragma once

#include "stages/environments/contract/provisioner_kind.h"

namespace quietgate {

ProvisionerDescriptor terraform_provisioner();

}  // namespace quietgate
