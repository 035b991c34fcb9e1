// The provisioners, by name.
#pragma once

#include <string>

#include "stages/environments/contract/provisioner_kind.h"

namespace quietgate {

const Provisioners& provisioners();

// nullptr if there is no provisioner of that name.
const ProvisionerDescriptor* find_provisioner(const Provisioners& all, const std::string& name);

}  // namespace quietgate
