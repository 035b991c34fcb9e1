#include "stages/environments/processes/processes_spec.h"

#include "stages/environments/contract/provisioner_codec.h"

namespace quietgate {

template ProcessesSpec spec_of<ProcessesSpec>(const ProvisionerSpec& provisioner);

ProvisionerSpec provisioner_of(const ProcessesSpec& spec) {
  return {"processes", encoded(spec), false};
}

}  // namespace quietgate
