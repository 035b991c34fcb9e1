// The provisioner `processes` for stages/environments/provisioners.cc.
#pragma once

#include "stages/environments/contract/provisioner_kind.h"

namespace quietgate {

ProvisionerDescriptor processes_provisioner();

}  // namespace quietgate
